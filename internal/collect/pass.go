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
	// bound is where a group begins to wait for its organizations. It is that of the
	// pass's beginning: what was passed over since is not read.
	bound time.Time
	// passed is time from the bound on that a poll before has read for what need not
	// wait: it is read again when the bound has moved.
	passed audit.Interval
}

func newPass(purpose purpose, lane audit.LaneKind, over audit.Interval) *pass {
	return &pass{purpose: purpose, lane: lane, from: over.Start, to: over.End, at: over.Start, bound: forever}
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
	through = audit.Earlier(p.to, through)
	if p.purpose == tail {
		if through = audit.Earlier(through, horizon); p.bound != forever && !through.After(p.from) {
			return // a group that waits has read nothing for its own
		}
	}
	lane.Covered = lane.Covered.Without(p.left)
	if p.purpose == tail {
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
	frontier, bound := f.state.Ledger(kind).Frontier, f.bound(kind)
	present := f.clock.horizon(time.Now())
	if bound.After(f.state.CollectFrom) {
		present = audit.Earlier(present, bound)
	}
	since := f.since(kind)
	from, left := audit.Later(f.tailStart(kind), audit.Earlier(since, frontier).Truncate(tick)), audit.Interval{}
	if present.Sub(frontier) > max(tailJump, 2*f.interval()) {
		left = audit.Interval{Start: from, End: frontier}
		from = audit.Later(audit.Later(present.Add(-f.state.Overlap()), since), f.state.CollectFrom).Truncate(tick)
	}
	// Whichever clock is ahead may be right: asking beyond the other costs nothing.
	end := f.clock.faster().Add(skewNoise)
	p := newPass(tail, kind, audit.Interval{Start: from, End: audit.Later(end, from.Add(tick))})
	p.left, p.bound = left, bound
	p.passed = audit.Interval{Start: bound, End: f.polled[kind].Add(-f.state.Overlap()).Truncate(tick)}
	return p
}

// bound is up to where a group's log may be taken for its own.
func (f *feed) bound(kind audit.LaneKind) time.Time {
	if f.id.Scope != audit.ScopeGroup {
		return forever
	}
	return f.family.tail(kind)
}

// since is from when on all organizations' polls have read.
func (f *feed) since(kind audit.LaneKind) time.Time {
	if f.id.Scope != audit.ScopeGroup {
		return time.Time{}
	}
	return f.family.since(kind)
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
		if p := f.historyPass(kind, holes[0]); p != nil {
			return p
		}
	}
	lane := f.state.Lane(kind)
	if lane.SweepTime.IsZero() {
		lane.SweepTime = time.Now()
	}
	// One that ended in the future was timed by a clock that was wrong.
	since := time.Since(lane.SweepTime)
	if since >= 0 && since < max(sweepEvery, f.interval()) {
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

// stride is the least of a group's history that is read at a time while its
// organizations' is being read.
const stride = 24 * time.Hour

// historyPass reads a hole. A group waits until its organizations are there; nil
// while they are not.
func (f *feed) historyPass(kind audit.LaneKind, hole audit.Interval) *pass {
	if f.id.Scope == audit.ScopeGroup {
		read := audit.Earlier(hole.End, f.family.history(kind))
		if read.Before(hole.End) {
			if read.Sub(hole.Start) < stride {
				return nil
			}
			hole.End = read.Truncate(tick)
		}
	}
	return newPass(history, kind, hole)
}
