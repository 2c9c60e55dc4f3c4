package filter

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// verdict is what a condition says of an event. The verdict on several that must
// all fit is the lowest of theirs.
type verdict int8

const (
	fails verdict = iota
	unknown
	fits
)

func verdictOf(ok bool) verdict {
	if ok {
		return fits
	}
	return fails
}

// facts are what conditions may ask of an event.
type facts struct {
	sourceID string
	logType  snykstreamv1.LogType
	origin   snykstreamv1.Origin
	// timed says that the event has an event_time.
	timed     bool
	eventTime time.Time
	// readable says that the event has a record; the fields after it are the
	// record's, and empty without one.
	readable                 bool
	category                 snykstreamv1.EventCategory
	name, user, org, project string
}

func factsOf(event *snykstreamv1.Event) facts {
	f := facts{
		sourceID: event.GetSourceId(),
		logType:  event.GetLogType(),
		origin:   event.GetOrigin(),
	}
	if at := event.GetEventTime(); at != nil {
		f.timed, f.eventTime = true, at.AsTime()
	}
	if r := audit.RecordOf(event); r != nil {
		f.readable, f.category = true, event.GetCategory()
		f.name, f.user, f.org, f.project = r.GetEvent(), r.GetUserId(), r.GetOrgId(), r.GetProjectId()
	}
	return f
}
