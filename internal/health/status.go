package health

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// pressing are the states from the most pressing to the least.
var pressing = []snykstreamv1.SourceState{
	snykstreamv1.SourceState_SOURCE_STATE_PAUSED,
	snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED,
	snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED,
	snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED,
	snykstreamv1.SourceState_SOURCE_STATE_DEGRADED,
	snykstreamv1.SourceState_SOURCE_STATE_LAGGING,
	snykstreamv1.SourceState_SOURCE_STATE_PENDING,
	snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING,
	snykstreamv1.SourceState_SOURCE_STATE_HEALTHY,
}

// Status is how a source is doing.
func (b *Board) Status(rec audit.SourceRecord) *snykstreamv1.SourceStatus {
	now := time.Now()
	status := &snykstreamv1.SourceStatus{Credential: proto.CloneOf(rec.Credential)}
	var reports []audit.FeedReport
	var newest time.Time
	states := []snykstreamv1.SourceState{}
	for _, feed := range rec.Feeds() {
		report := b.of(rec.ID(), feed)
		reports = append(reports, report)
		shown := feedStatus(rec, report, now)
		states = append(states, shown.GetState())
		status.Feeds = append(status.Feeds, shown)
		status.Warnings = append(status.Warnings, report.Warnings...)
		if report.State.LastEventTime.After(newest) {
			newest = report.State.LastEventTime
		}
	}
	status.State = mostPressing(states)
	status.LastEventTime = audit.Timestamp(newest)
	status.DropOff = dropOff(rec, reports, newest, now)
	status.Message = message(rec, status)
	return status
}

// State is the most pressing state of a source.
func (b *Board) State(rec audit.SourceRecord) snykstreamv1.SourceState {
	return b.Status(rec).GetState()
}

func mostPressing(states []snykstreamv1.SourceState) snykstreamv1.SourceState {
	for _, state := range pressing {
		if slices.Contains(states, state) {
			return state
		}
	}
	return snykstreamv1.SourceState_SOURCE_STATE_PENDING
}

func feedStatus(rec audit.SourceRecord, report audit.FeedReport, now time.Time) *snykstreamv1.FeedStatus {
	state := report.State
	covered := Coverage(report)
	out := &snykstreamv1.FeedStatus{
		Feed:             report.Feed.String(),
		LogType:          report.Feed.LogType(),
		State:            feedState(rec, report, now),
		LastPollTime:     audit.Timestamp(report.LastPoll),
		LastSuccessTime:  audit.Timestamp(report.LastSuccess),
		LastEventTime:    audit.Timestamp(state.LastEventTime),
		BackfillDone:     BackfillDone(report),
		EventsStored:     state.LastSequence,
		LastSequence:     state.LastSequence,
		Lateness:         durationpb.New(state.Lateness),
		LateEvents:       state.Late,
		RewrittenEvents:  state.Rewritten,
		UnreadableEvents: state.Unreadable,
	}
	if !covered.Empty() {
		out.CoveredFrom, out.CoveredThrough = audit.Timestamp(covered.Start), audit.Timestamp(covered.End)
	}
	if t := report.Trouble; t != nil {
		out.LastError = &snykstreamv1.FeedError{
			Reason: audit.ReasonName(t.Reason), Message: t.Message,
			HttpStatus: int32(t.HTTPStatus), SnykRequestId: t.RequestID, //nolint:gosec // a status code
			RetryTime: audit.Timestamp(t.RetryTime),
		}
	}
	return out
}

func feedState(rec audit.SourceRecord, report audit.FeedReport, now time.Time) snykstreamv1.SourceState {
	switch {
	case rec.Source.GetPaused():
		return snykstreamv1.SourceState_SOURCE_STATE_PAUSED
	case report.Trouble != nil:
		return report.Trouble.State
	case report.LastSuccess.IsZero():
		return snykstreamv1.SourceState_SOURCE_STATE_PENDING
	case now.Sub(report.LastSuccess) > lagAllowed(rec.PollInterval()):
		return snykstreamv1.SourceState_SOURCE_STATE_LAGGING
	case !BackfillDone(report):
		return snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING
	}
	return snykstreamv1.SourceState_SOURCE_STATE_HEALTHY
}

// lagAllowed is how old the last complete poll may be before the feed counts as
// behind.
func lagAllowed(interval time.Duration) time.Duration {
	return 2*interval + time.Minute
}

// message is one sentence a person can act on.
func message(rec audit.SourceRecord, status *snykstreamv1.SourceStatus) string {
	if status.GetState() == snykstreamv1.SourceState_SOURCE_STATE_PAUSED {
		return "paused; set paused to false to go on where it stopped"
	}
	for _, feed := range status.GetFeeds() {
		if err := feed.GetLastError(); err != nil && feed.GetState() == status.GetState() {
			return fmt.Sprintf("%s: %s", feed.GetFeed(), err.GetMessage())
		}
	}
	switch status.GetState() {
	case snykstreamv1.SourceState_SOURCE_STATE_PENDING:
		return "waiting for the first poll to end"
	case snykstreamv1.SourceState_SOURCE_STATE_LAGGING:
		return fmt.Sprintf("no poll was completed within %s; Snyk or the machine may be slow",
			lagAllowed(rec.PollInterval()))
	case snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING:
		return "live events are current; history is still being read"
	default:
		return wellMessage(status)
	}
}

// wellMessage is what to know of a source that polls well.
func wellMessage(status *snykstreamv1.SourceStatus) string {
	if status.GetDropOff() == snykstreamv1.AlarmState_ALARM_STATE_ALARM {
		return "polls succeed, but no event has come for longer than the drop-off threshold"
	}
	if len(status.GetWarnings()) > 0 {
		return "current, with a warning: " + strings.Join(status.GetWarnings(), "; ")
	}
	return "current"
}
