package audit

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// MaxEventBytes bounds an encoded event without the raw bytes beside it: a message with it stays
// under 1 MiB, with room for what is added later (names, the token, a heartbeat).
const MaxEventBytes = 1<<20 - 64<<10

// maxEncodedContent bounds what is left in encoded form: a store whose entries are
// small may have to leave out the content of a larger event.
const maxEncodedContent = 64 << 10

// maxGrowth bounds how much larger than its JSON an encoded event can be. The
// worst case, an array of digits, grows sixfold.
const maxGrowth = 16

// Setting is what a source knows of the records it reads.
type Setting struct {
	SourceID string
	Feed     Feed
	// GroupID is the group of an organization's feed, empty where not known.
	GroupID string
	// Occurrence counts identical records of one answer from 1.
	Occurrence int
	// EncodedContent says that the event is to be stored and not to be looked at:
	// its content is then there in encoded form, as a field that the record does not
	// know. The event is the same on the wire, for a tenth of the work.
	EncodedContent bool
}

// known is what the setting knows of a field, empty where it knows nothing.
func (s *Setting) known(field string) string {
	switch {
	case field == "org_id" && s.Feed.Scope == ScopeOrg, field == "group_id" && s.Feed.Scope == ScopeGroup:
		return s.Feed.ID
	case field == "group_id":
		return s.GroupID
	}
	return ""
}

// Normalise makes the event of a record: everything but its ingest time, sequence,
// origin and names. A record that cannot be read has no record set and carries its
// bytes. An event larger than MaxEventBytes goes without its content, or without
// its bytes, and is marked as truncated.
func Normalise(o Observed, in Setting) *snykstreamv1.Event {
	event := &snykstreamv1.Event{
		Id:        o.ID(in.Occurrence),
		SourceId:  in.SourceID,
		LogType:   in.Feed.LogType(),
		Feed:      in.Feed.String(),
		Truncated: o.cut,
	}
	schema := schemaOf(event.GetLogType())
	if o.Problem != "" || schema == nil {
		return unreadable(event, o)
	}
	event.Category = CategoryOf(o.Event)
	record := newRecord(event)
	for i := range schema.fields {
		schema.fields[i].fill(event, &record, &o, &in)
	}
	if len(o.Raw) > MaxEventBytes/maxGrowth && proto.Size(event) > MaxEventBytes {
		*record.content = nil
		event.Truncated = true
	}
	return event
}

func unreadable(event *snykstreamv1.Event, o Observed) *snykstreamv1.Event {
	event.Truncated = false // no text is shown, so none is cut
	if !o.Created.IsZero() {
		event.EventTime = timestamppb.New(o.Created)
	}
	if len(o.Raw) > MaxEventBytes-maxTextBytes {
		event.Truncated = true
		return event
	}
	setRaw(event, o.Raw)
	return event
}

// fill sets the field of record, and what follows from it for the event.
func (f *schemaField) fill(event *snykstreamv1.Event, record *record, o *Observed, in *Setting) {
	switch f.kind {
	case kindString:
		f.fillText(event, record.text(f.name), o.text(f.name), in)
	case kindTimestamp:
		*record.created = timestamppb.New(o.Created)
		if f.options.GetEventTime() {
			event.EventTime = timestamppb.New(o.Created)
		}
	case kindJSON:
		f.fillContent(event, record, o, in)
	}
}

func (f *schemaField) fillText(event *snykstreamv1.Event, to *string, text string, in *Setting) {
	if text == "" && f.options.GetRequired() {
		event.MissingFields = append(event.MissingFields, f.name)
		if text = in.known(f.name); text != "" {
			event.InferredFields = append(event.InferredFields, f.name)
		}
	}
	if text == "" || to == nil {
		return
	}
	*to = text
	for _, indicator := range f.options.GetIndicators() {
		addIndicators(event, indicator, text)
	}
}

func (f *schemaField) fillContent(event *snykstreamv1.Event, record *record, o *Observed, in *Setting) {
	if o.content == nil {
		return
	}
	addIndicators(event, snykstreamv1.Indicator_INDICATOR_EMAIL, o.emails...)
	// A field that is not known comes behind all others.
	if in.EncodedContent && f.last && len(o.content) <= maxEncodedContent {
		field := make([]byte, 0, protowire.SizeTag(f.desc.Number())+protowire.SizeBytes(len(o.content)))
		field = protowire.AppendTag(field, f.desc.Number(), protowire.BytesType)
		record.message.SetUnknown(protowire.AppendBytes(field, o.content))
		return
	}
	content := &structpb.Struct{}
	if err := proto.Unmarshal(o.content, content); err == nil { // it was encoded here
		*record.content = content
	}
}

func addIndicators(event *snykstreamv1.Event, kind snykstreamv1.Indicator, values ...string) {
	if len(values) == 0 {
		return
	}
	if event.GetIndicators() == nil {
		event.Indicators = &snykstreamv1.Indicators{}
	}
	switch kind {
	case snykstreamv1.Indicator_INDICATOR_USERNAME:
		event.Indicators.Usernames = append(event.Indicators.Usernames, values...)
	case snykstreamv1.Indicator_INDICATOR_EMAIL:
		event.Indicators.Emails = append(event.Indicators.Emails, values...)
	case snykstreamv1.Indicator_INDICATOR_UNSPECIFIED:
	}
}
