package audit

import (
	"slices"
	"time"
)

// LaneKind is a kind of record that takes requests of its own.
type LaneKind uint32

// The lanes of a feed. Snyk leaves api.access records out of every answer that
// does not ask for them by name, so they are read apart.
const (
	LaneDefault   LaneKind = 0
	LaneAPIAccess LaneKind = 1
)

// Lane is the ledger of one kind of record.
type Lane struct {
	Kind LaneKind
	// Frontier is the end of the tail's coverage: the tail has read everything
	// before it, from wherever it started.
	Frontier time.Time
	// Covered is all time proven read, by tail and backfill.
	Covered Intervals
	// SweepTime is when the last sweep over the day before ended.
	SweepTime time.Time
}

// FeedState is what a feed knows after an answer. It is stored with the answer's
// events in one append, so the two never disagree.
type FeedState struct {
	IdentityVersion uint32
	// LastSequence is the ordinal of the feed's last event, and their number.
	LastSequence  uint64
	LastEventTime time.Time
	// CollectFrom is where history starts: what was asked for, or 90 days before
	// the first poll.
	CollectFrom time.Time
	Lanes       []Lane
	// GroupID is the organization's group, once found.
	GroupID string
	// Lateness is the longest delay seen lately, reached at LatenessTime.
	Lateness     time.Duration
	LatenessTime time.Time
	Late         uint64
	Rewritten    uint64
	Unreadable   uint64
	// ClockLead is the most that Snyk's clock was seen ahead of ours: an event may
	// have been stored that much before its own time.
	ClockLead time.Duration
	// Lost is time whose records Snyk dropped before they were read.
	Lost Intervals
}

// Clone returns a copy that shares nothing that Lane changes.
func (s FeedState) Clone() FeedState {
	s.Lanes = slices.Clone(s.Lanes)
	return s
}

// Lane returns the lane of a kind for changing, made if it is new. The pointer is
// good until a lane of another kind is made; Clone first where others hold the state.
func (s *FeedState) Lane(kind LaneKind) *Lane {
	for i := range s.Lanes {
		if s.Lanes[i].Kind == kind {
			return &s.Lanes[i]
		}
	}
	s.Lanes = append(s.Lanes, Lane{Kind: kind})
	return &s.Lanes[len(s.Lanes)-1]
}

// Ledger returns the lane of a kind, empty where it is not read yet.
func (s FeedState) Ledger(kind LaneKind) Lane {
	for _, lane := range s.Lanes {
		if lane.Kind == kind {
			return lane
		}
	}
	return Lane{Kind: kind}
}

// Bounds of the overlap, and how long a lateness is remembered.
const (
	minOverlap     = 5 * time.Minute
	maxOverlap     = time.Hour
	latenessMemory = 24 * time.Hour
)

// SawLate takes note of an event that showed this long after it happened.
func (s *FeedState) SawLate(lateness time.Duration, now time.Time) {
	if lateness >= s.Lateness || now.Sub(s.LatenessTime) > latenessMemory {
		s.Lateness, s.LatenessTime = lateness, now
	}
}

// ForgetLateness drops a lateness that is no longer remembered: one late event
// must not make every poll read an hour again for ever.
func (s *FeedState) ForgetLateness(now time.Time) {
	if now.Sub(s.LatenessTime) > latenessMemory {
		s.Lateness = 0
	}
}

// Overlap is how much of the time already read every poll reads again: twice the
// lateness seen, within bounds. What is later than that is found by the sweep.
func (s FeedState) Overlap() time.Duration {
	return min(max(2*min(s.Lateness, maxOverlap), minOverlap), maxOverlap)
}

// Holes is the time from CollectFrom to the lane's frontier that is neither read
// nor lost, in time order.
func (s FeedState) Holes(kind LaneKind) Intervals {
	lane := s.Ledger(kind)
	settled := lane.Covered
	for _, lost := range s.Lost {
		settled = settled.Add(lost)
	}
	return settled.Missing(Interval{s.CollectFrom, lane.Frontier})
}
