package health

import (
	"time"

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

// states counts feeds by their state.
type states map[snykstreamv1.SourceState]int

// mostPressing is PENDING where there is no state at all.
func (s states) mostPressing() snykstreamv1.SourceState {
	for _, state := range pressing {
		if s[state] > 0 {
			return state
		}
	}
	return snykstreamv1.SourceState_SOURCE_STATE_PENDING
}

// feedState is how a feed of a source that is not paused is doing.
func feedState(rec audit.SourceRecord, e entry, now time.Time) snykstreamv1.SourceState {
	switch {
	case e.Trouble != nil:
		return e.Trouble.State
	case e.LastSuccess.IsZero():
		return snykstreamv1.SourceState_SOURCE_STATE_PENDING
	case e.overdue(rec, now), e.waits(rec):
		return snykstreamv1.SourceState_SOURCE_STATE_LAGGING
	case !BackfillDone(e.FeedReport):
		return snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING
	}
	return snykstreamv1.SourceState_SOURCE_STATE_HEALTHY
}

// interval is the time between two polls of the feed now.
func interval(rec audit.SourceRecord, e entry) time.Duration {
	if e.Interval > 0 {
		return e.Interval
	}
	return rec.PollInterval()
}

// lagAllowed is how old the last complete poll may be before the feed counts as
// behind.
func lagAllowed(interval time.Duration) time.Duration {
	return 2*interval + time.Minute
}

// overdue says that a complete poll should have come by now.
func (e entry) overdue(rec audit.SourceRecord, now time.Time) bool {
	return now.Sub(e.awaited()) > lagAllowed(interval(rec, e))
}

// waits says that polls succeed and the time proven read does not go on all the
// same: a group's log waits for organizations that cannot be read. The reader's
// own present decides, since no time is proven read that Snyk's clock has not
// reached.
func (e entry) waits(rec audit.SourceRecord) bool {
	if e.Feed.Scope != audit.ScopeGroup || e.Present.IsZero() {
		return false
	}
	for _, kind := range lanes(e.Lanes) {
		frontier := e.State.Ledger(kind).Frontier
		if !frontier.IsZero() && e.Present.Sub(audit.Later(frontier, e.started)) > lagAllowed(interval(rec, e))+e.State.Overlap() {
			return true
		}
	}
	return false
}

// refused says that the feed was found in the group and may not be read, so that
// it does not count.
func (e entry) refused() bool {
	return e.Found && e.Trouble != nil && e.Trouble.State == snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED
}

// judgement is a source's state with what led to it.
type judgement struct {
	state snykstreamv1.SourceState
	// feeds are the states of the view's feeds, in their order.
	feeds []snykstreamv1.SourceState
	// counted is how many feeds count, by is how many of them are in which state,
	// failing how many of them fail. That feeds cannot be found counts as one that
	// fails.
	counted, failing int
	by               states
}

// judge finds the state of a source by the rule of the package comment.
func judge(rec audit.SourceRecord, seen view, now time.Time) judgement {
	out := judgement{feeds: make([]snykstreamv1.SourceState, len(seen.feeds)), by: states{}}
	for i, e := range seen.feeds {
		out.feeds[i] = feedState(rec, e, now)
		if e.refused() {
			continue
		}
		out.counted++
		out.by[out.feeds[i]]++
		if e.Trouble != nil {
			out.failing++
		}
	}
	if seen.trouble != nil {
		out.counted++
		out.by[seen.trouble.State]++
		out.failing++
	}
	switch {
	case rec.Source.GetPaused():
		out.state = snykstreamv1.SourceState_SOURCE_STATE_PAUSED
	case out.counted == 0 && len(seen.feeds) > 0:
		out.state = snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED
	case out.failing == out.counted:
		out.state = out.by.mostPressing()
	case out.failing > 0:
		out.state = troubled(seen).mostPressing()
	default:
		out.state = out.by.calm()
	}
	if out.state == snykstreamv1.SourceState_SOURCE_STATE_PAUSED {
		for i := range out.feeds {
			out.feeds[i] = out.state
		}
	}
	return out
}

// troubled are the states that apply where some feeds fail and some do not.
func troubled(seen view) states {
	out := states{snykstreamv1.SourceState_SOURCE_STATE_DEGRADED: 1}
	newest, last, before := lastSuccesses(seen)
	note := func(trouble *audit.Trouble, began, success time.Time) {
		if trouble != nil && ofCredential(trouble.State) && !success.After(began) {
			out[trouble.State]++
		}
	}
	for i, e := range seen.feeds {
		others := last
		if i == newest {
			others = before
		}
		note(e.Trouble, e.since, others)
	}
	if seen.trouble != nil {
		note(seen.trouble, seen.trouble.Time, last)
	}
	return out
}

// lastSuccesses is when a feed that counts was last read to its end, which feed
// that was, and when any other last was.
func lastSuccesses(seen view) (feed int, last, before time.Time) {
	feed = -1
	for i, e := range seen.feeds {
		switch {
		case e.refused():
		case e.LastSuccess.After(last):
			feed, last, before = i, e.LastSuccess, last
		case e.LastSuccess.After(before):
			before = e.LastSuccess
		}
	}
	return feed, last, before
}

// ofCredential says that a state concerns the credential rather than a feed.
func ofCredential(state snykstreamv1.SourceState) bool {
	return state == snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED ||
		state == snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED
}

// calm is the state of a source none of whose feeds fails. One that waits for its
// first poll has its history still to read.
func (s states) calm() snykstreamv1.SourceState {
	state := s.mostPressing()
	if state == snykstreamv1.SourceState_SOURCE_STATE_PENDING && len(s) > 1 {
		return snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING
	}
	return state
}
