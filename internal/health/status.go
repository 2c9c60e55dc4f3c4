package health

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Status is how a source is doing. Its feeds are those being read, as the
// collector says; before it does, those that the source names.
func (b *Board) Status(rec audit.SourceRecord) *snykstreamv1.SourceStatus {
	now, seen := time.Now(), b.look(rec)
	judged := judge(rec, seen, now)
	status := &snykstreamv1.SourceStatus{
		State: judged.state, Credential: proto.CloneOf(rec.Credential), Warnings: warnings(rec, seen, now),
	}
	newest := seen.newest
	for i, e := range seen.feeds {
		status.Feeds = append(status.Feeds, feedStatus(rec, e, judged.feeds[i]))
		newest = audit.Later(newest, e.State.LastEventTime)
	}
	status.LastEventTime = audit.Timestamp(newest)
	status.DropOff = dropOff(rec, seen, newest, now)
	status.Message = message(rec, seen, judged, status, now)
	return status
}

// State is the state of a source. It is cheaper than Status.
func (b *Board) State(rec audit.SourceRecord) snykstreamv1.SourceState {
	return judge(rec, b.look(rec), time.Now()).state
}

func feedStatus(rec audit.SourceRecord, e entry, is snykstreamv1.SourceState) *snykstreamv1.FeedStatus {
	state := e.State
	out := &snykstreamv1.FeedStatus{
		Feed:             e.Feed.String(),
		LogType:          e.Feed.LogType(),
		State:            is,
		LastPollTime:     audit.Timestamp(e.LastPoll),
		LastSuccessTime:  audit.Timestamp(e.LastSuccess),
		LastEventTime:    audit.Timestamp(state.LastEventTime),
		BackfillDone:     BackfillDone(e.FeedReport),
		EventsStored:     state.LastSequence,
		LastSequence:     state.LastSequence,
		Lateness:         durationpb.New(state.Lateness),
		LateEvents:       state.Late,
		RewrittenEvents:  state.Rewritten,
		UnreadableEvents: state.Unreadable,
		Overlap:          durationpb.New(state.Overlap()),
		PollInterval:     durationpb.New(interval(rec, e)),
		LostTime:         durationpb.New(LostTime(state)),
	}
	if covered := Coverage(e.FeedReport); !covered.Empty() {
		out.CoveredFrom, out.CoveredThrough = audit.Timestamp(covered.Start), audit.Timestamp(covered.End)
	}
	if t := e.Trouble; t != nil {
		out.LastError = &snykstreamv1.FeedError{
			Reason: audit.ReasonName(t.Reason), Message: t.Message,
			HttpStatus: int32(t.HTTPStatus), SnykRequestId: t.RequestID, //nolint:gosec // a status code
			RetryTime: audit.Timestamp(t.RetryTime),
		}
	}
	return out
}
