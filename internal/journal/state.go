package journal

import (
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

func storeState(s *audit.FeedState) *stored.FeedState {
	out := &stored.FeedState{
		IdentityVersion: s.IdentityVersion,
		LastSequence:    s.LastSequence,
		LastEventTime:   audit.Timestamp(s.LastEventTime),
		CollectFrom:     audit.Timestamp(s.CollectFrom),
		GroupId:         s.GroupID,
		LatenessTime:    audit.Timestamp(s.LatenessTime),
		Late:            s.Late,
		Rewritten:       s.Rewritten,
		Unreadable:      s.Unreadable,
	}
	if s.Lateness != 0 {
		out.Lateness = durationpb.New(s.Lateness)
	}
	if s.ClockLead != 0 {
		out.ClockLead = durationpb.New(s.ClockLead)
	}
	out.Lost = storeIntervals(s.Lost)
	for i := range s.Lanes {
		out.Lanes = append(out.Lanes, storeLane(&s.Lanes[i]))
	}
	return out
}

func storeLane(l *audit.Lane) *stored.Lane {
	return &stored.Lane{
		Kind:      uint32(l.Kind),
		Frontier:  audit.Timestamp(l.Frontier),
		SweepTime: audit.Timestamp(l.SweepTime),
		Covered:   storeIntervals(l.Covered),
	}
}

func storeIntervals(set audit.Intervals) []*snykstreamv1.Interval {
	var out []*snykstreamv1.Interval
	for _, iv := range set {
		out = append(out, &snykstreamv1.Interval{StartTime: audit.Timestamp(iv.Start), EndTime: audit.Timestamp(iv.End)})
	}
	return out
}

func loadState(s *stored.FeedState) audit.FeedState {
	out := audit.FeedState{
		IdentityVersion: s.GetIdentityVersion(),
		LastSequence:    s.GetLastSequence(),
		LastEventTime:   audit.Instant(s.GetLastEventTime()),
		CollectFrom:     audit.Instant(s.GetCollectFrom()),
		GroupID:         s.GetGroupId(),
		Lateness:        s.GetLateness().AsDuration(),
		LatenessTime:    audit.Instant(s.GetLatenessTime()),
		Late:            s.GetLate(),
		Rewritten:       s.GetRewritten(),
		Unreadable:      s.GetUnreadable(),
		ClockLead:       s.GetClockLead().AsDuration(),
		Lost:            loadIntervals(s.GetLost()),
	}
	for _, lane := range s.GetLanes() {
		out.Lanes = append(out.Lanes, loadLane(lane))
	}
	return out
}

func loadLane(l *stored.Lane) audit.Lane {
	return audit.Lane{
		Kind:      audit.LaneKind(l.GetKind()),
		Frontier:  audit.Instant(l.GetFrontier()),
		SweepTime: audit.Instant(l.GetSweepTime()),
		Covered:   loadIntervals(l.GetCovered()),
	}
}

func loadIntervals(set []*snykstreamv1.Interval) audit.Intervals {
	var out audit.Intervals
	for _, iv := range set {
		out = append(out, audit.Interval{Start: audit.Instant(iv.GetStartTime()), End: audit.Instant(iv.GetEndTime())})
	}
	return out
}
