package health

import (
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Coverage is the time proven read that reaches the frontier, in every lane that
// is read. Empty before the first answer.
func Coverage(report audit.FeedReport) audit.Interval {
	var out audit.Interval
	for i, kind := range lanes(report.Lanes) {
		lane := report.State.Ledger(kind)
		reach := lane.Covered.Ending(lane.Frontier)
		if i == 0 {
			out = reach
		}
		out = out.And(reach)
	}
	return out
}

// BackfillDone says that history is read back to where it was asked for.
func BackfillDone(report audit.FeedReport) bool {
	for _, kind := range lanes(report.Lanes) {
		if report.State.Ledger(kind).Frontier.IsZero() || len(report.State.Holes(kind)) > 0 {
			return false
		}
	}
	return true
}

// Covered is all time proven read, in every lane that is read.
func Covered(state audit.FeedState, read []audit.LaneKind) audit.Intervals {
	var out audit.Intervals
	for i, kind := range lanes(read) {
		covered := state.Ledger(kind).Covered
		if i == 0 {
			out = covered
			continue
		}
		out = out.And(covered)
	}
	return out
}

// LostTime is how much time's records Snyk dropped before they were read.
func LostTime(state audit.FeedState) time.Duration {
	var sum time.Duration
	for _, lost := range state.Lost {
		sum += lost.End.Sub(lost.Start)
	}
	return sum
}

func lanes(read []audit.LaneKind) []audit.LaneKind {
	if len(read) == 0 {
		return []audit.LaneKind{audit.LaneDefault}
	}
	return read
}
