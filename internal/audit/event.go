package audit

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// LogRecord is what filters ask of a record, whichever schema it has.
type LogRecord interface {
	GetEvent() string
	GetOrgId() string
	GetUserId() string
	GetProjectId() string
}

// RecordOf is the event's record, whichever is set; nil where it could not be
// read.
//
//nolint:ireturn // one of two generated types
func RecordOf(event *snykstreamv1.Event) LogRecord {
	switch r := event.GetRecord().(type) {
	case *snykstreamv1.Event_OrgAudit:
		return r.OrgAudit
	case *snykstreamv1.Event_GroupAudit:
		return r.GroupAudit
	}
	return nil
}

// Stored is what a scan of the journal tells of a record's event.
func Stored(record Record) StoredEvent {
	event := record.Event
	feed, err := ParseFeed(event.GetFeed())
	if err != nil {
		feed = Feed{} // an event that was made here has one
	}
	out := StoredEvent{
		Feed:       feed,
		ID:         event.GetId(),
		EventTime:  Instant(event.GetEventTime()),
		IngestTime: Instant(event.GetIngestTime()),
		Raw:        record.Raw,
	}
	if r := RecordOf(event); r != nil {
		out.Name, out.OrgID, out.UserID, out.ProjectID = r.GetEvent(), r.GetOrgId(), r.GetUserId(), r.GetProjectId()
	}
	return out
}

// Instant is the time of ts, zero where it is not set.
func Instant(ts *timestamppb.Timestamp) time.Time {
	if ts == nil {
		return time.Time{}
	}
	return ts.AsTime()
}

// Timestamp is t, unset where it is zero.
func Timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
