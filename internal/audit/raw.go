package audit

import (
	"unicode/utf8"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// MaxAttachedBytes bounds the raw bytes that AttachRaw adds: with a largest event
// they still fit the 4 MiB that gRPC clients receive by default.
const MaxAttachedBytes = 3<<20 - 64<<10

func setRaw(event *snykstreamv1.Event, raw []byte) {
	if utf8.Valid(raw) {
		event.RawJson = string(raw)
		return
	}
	event.RawBytes = raw
}

// AttachRaw returns the event with its raw bytes, as raw_json or, where they are no
// UTF-8, as raw_bytes. The event is not changed: the one returned shares its parts,
// and raw, so neither is to be changed. Bytes over MaxAttachedBytes would not fit a
// message; the event is then marked as truncated instead. No bytes leave the event
// as it is, which may carry its own.
func AttachRaw(event *snykstreamv1.Event, raw []byte) *snykstreamv1.Event {
	if len(raw) == 0 {
		return event
	}
	out := shallow(event)
	if len(raw) > MaxAttachedBytes {
		out.Truncated = true
		return out
	}
	out.RawJson, out.RawBytes = "", nil
	setRaw(out, raw)
	return out
}

// shallow copies the event by hand, since a message must not be copied as a value
// and this is done for every event of a stream with raw bytes. A test holds that no
// field is forgotten.
func shallow(event *snykstreamv1.Event) *snykstreamv1.Event {
	out := &snykstreamv1.Event{
		Id:             event.GetId(),
		SourceId:       event.GetSourceId(),
		LogType:        event.GetLogType(),
		EventTime:      event.GetEventTime(),
		IngestTime:     event.GetIngestTime(),
		Category:       event.GetCategory(),
		Record:         event.GetRecord(),
		MissingFields:  event.GetMissingFields(),
		InferredFields: event.GetInferredFields(),
		Indicators:     event.GetIndicators(),
		Names:          event.GetNames(),
		Sequence:       event.GetSequence(),
		RawJson:        event.GetRawJson(),
		Feed:           event.GetFeed(),
		Origin:         event.GetOrigin(),
		RawBytes:       event.GetRawBytes(),
		Truncated:      event.GetTruncated(),
	}
	if unknown := event.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		out.ProtoReflect().SetUnknown(unknown)
	}
	return out
}
