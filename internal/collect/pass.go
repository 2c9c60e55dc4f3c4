package collect

import (
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// forever is the end of a range that everything stored from now on falls into.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

const (
	// tailJump is how far the tail may be behind before it goes on at the present
	// and leaves what lies between to the history pass: live events first.
	tailJump = 15 * time.Minute
	// sweepEvery and sweepSpan say how often how much of the time already read is
	// read once more, for what showed later than the overlap reaches.
	sweepEvery = time.Hour
	sweepSpan  = 24 * time.Hour
)

// purpose is what a pass is for.
type purpose int

const (
	// tail reads up to now.
	tail purpose = iota
	// history reads a hole in the ledger: what happened before the source was
	// created, or while it was not collected.
	history
	// sweep reads the last day once more.
	sweep
)

// pass reads a fixed stretch of event time, answer by answer.
type pass struct {
	purpose  purpose
	lane     audit.LaneKind
	from, to time.Time
	// at is where the next answer starts.
	at time.Time
	// left is time already read that the pass leaves to be read again.
	left audit.Interval
}

func newPass(purpose purpose, lane audit.LaneKind, over audit.Interval) *pass {
	return &pass{purpose: purpose, lane: lane, from: over.Start, to: over.End, at: over.Start}
}

// needs is the event time whose stored events the pass must know from here on.
func (p *pass) needs() audit.Interval {
	if p.purpose == tail {
		return audit.Interval{Start: p.at, End: forever}
	}
	return audit.Interval{Start: p.at, End: p.to}
}

// enter puts into the ledger that the pass has read through to an instant. Only
// the tail reads time that may not have settled.
func (p *pass) enter(state *audit.FeedState, through, horizon time.Time) {
	lane := state.Lane(p.lane)
	lane.Covered = lane.Covered.Without(p.left)
	through = audit.Earlier(p.to, through)
	if p.purpose == tail {
		through = audit.Earlier(through, horizon)
		lane.Frontier = audit.Later(lane.Frontier, through)
	}
	if p.purpose != sweep {
		lane.Covered = lane.Covered.Add(audit.Interval{Start: p.from, End: through})
	}
}

// tailPass reads from the frontier, less the overlap, to now. After a long
// absence it starts near now, and the time between becomes a hole. What the
// overlap would have read again is part of that hole.
func (f *feed) tailPass(kind audit.LaneKind) *pass {
	f.disclaimFuture(kind)
	frontier, horizon := f.state.Ledger(kind).Frontier, f.clock.horizon(time.Now())
	from, left := f.tailStart(kind), audit.Interval{}
	if horizon.Sub(frontier) > max(tailJump, 2*f.source.PollInterval()) {
		left = audit.Interval{Start: from, End: frontier}
		from = audit.Later(horizon.Add(-f.state.Overlap()), f.state.CollectFrom).Truncate(tick)
	}
	// Whichever clock is ahead may be right: asking beyond the other costs nothing.
	end := f.clock.faster().Add(skewNoise)
	p := newPass(tail, kind, audit.Interval{Start: from, End: audit.Later(end, from.Add(tick))})
	p.left = left
	return p
}

// disclaimFuture takes back what a wrong clock entered: time that by neither
// clock has come cannot have been read, and the tail would wait for it to come.
func (f *feed) disclaimFuture(kind audit.LaneKind) {
	lane, present := f.state.Lane(kind), f.clock.faster()
	if lane.Frontier.Sub(present) > tailJump {
		lane.Covered = lane.Covered.Without(audit.Interval{Start: present, End: forever})
		lane.Frontier = present
	}
}

// tailStart is where a poll starts to read.
func (f *feed) tailStart(kind audit.LaneKind) time.Time {
	return audit.Later(f.state.Ledger(kind).Frontier.Add(-f.state.Overlap()), f.state.CollectFrom).Truncate(tick)
}

// backgroundPass is what is worth reading between two polls: the oldest hole,
// since Snyk's retention swallows that first, or else the sweep when it is due.
func (f *feed) backgroundPass(kind audit.LaneKind) *pass {
	if holes := f.state.Holes(kind); len(holes) > 0 {
		return newPass(history, kind, holes[0])
	}
	lane := f.state.Lane(kind)
	if lane.SweepTime.IsZero() {
		lane.SweepTime = time.Now()
	}
	// One that ended in the future was timed by a clock that was wrong.
	since := time.Since(lane.SweepTime)
	if since >= 0 && since < max(sweepEvery, f.source.PollInterval()) {
		return nil
	}
	over := audit.Interval{
		Start: audit.Later(f.state.CollectFrom, lane.Frontier.Add(-sweepSpan)),
		End:   lane.Frontier.Add(-f.state.Overlap()),
	}
	if over.Empty() {
		lane.SweepTime = time.Now()
		return nil
	}
	return newPass(sweep, kind, over)
}
