package audit

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// MaxEventBytes bounds an encoded event before AttachRaw: a message with it stays
// under 1 MiB, with room for what is added later (names, the token, a heartbeat).
const MaxEventBytes = 1<<20 - 64<<10

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
}

// known is what the setting knows of a field, empty where it knows nothing.
func (s Setting) known(field string) string {
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
	record := event.ProtoReflect().Mutable(schema.record).Message()
	for _, f := range schema.fields {
		f.fill(event, record, o, in)
	}
	if len(o.Raw) > MaxEventBytes/maxGrowth && proto.Size(event) > MaxEventBytes {
		leaveOutContent(record, schema)
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
func (f schemaField) fill(event *snykstreamv1.Event, record protoreflect.Message, o Observed, in Setting) {
	switch f.kind {
	case kindString:
		f.fillText(event, record, o.text(f.name), in)
	case kindTimestamp:
		record.Set(f.desc, protoreflect.ValueOfMessage(timestamppb.New(o.Created).ProtoReflect()))
		if f.options.GetEventTime() {
			event.EventTime = timestamppb.New(o.Created)
		}
	case kindJSON:
		if content := contentStruct(o.content); content != nil {
			record.Set(f.desc, protoreflect.ValueOfMessage(content.ProtoReflect()))
			addIndicators(event, snykstreamv1.Indicator_INDICATOR_EMAIL, emailsIn(o.content)...)
		}
	}
}

func (f schemaField) fillText(event *snykstreamv1.Event, record protoreflect.Message, text string, in Setting) {
	if text == "" && f.options.GetRequired() {
		event.MissingFields = append(event.MissingFields, f.name)
		if text = in.known(f.name); text != "" {
			event.InferredFields = append(event.InferredFields, f.name)
		}
	}
	if text == "" {
		return
	}
	record.Set(f.desc, protoreflect.ValueOfString(text))
	for _, indicator := range f.options.GetIndicators() {
		addIndicators(event, indicator, text)
	}
}

// text is what the record says in a field of the schema.
func (o *Observed) text(field string) string {
	switch field {
	case "event":
		return o.Event
	case "org_id":
		return o.OrgID
	case "group_id":
		return o.GroupID
	case "user_id":
		return o.UserID
	case "project_id":
		return o.ProjectID
	}
	return ""
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

func leaveOutContent(record protoreflect.Message, schema *logSchema) {
	for _, f := range schema.fields {
		if f.kind == kindJSON {
			record.Clear(f.desc)
		}
	}
}
