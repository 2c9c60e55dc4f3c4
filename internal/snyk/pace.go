package snyk

import (
	"math"
	"time"
)

const (
	// credit is how much unused time a burst may make up for. It also bounds how
	// long requests are held once a burst and a steady pace have filled a window.
	credit = 4 * time.Second
	// memory is how far back turns are remembered at least, so that a window that an
	// answer names anew counts what was made before.
	memory = time.Hour
	// maxStretch bounds the time of a window of which less than one request is ours.
	maxStretch = 30 * 24 * time.Hour
)

// pace says when the next request may be made, so that no window ever holds more
// than our share of it. Two rules do that. A turn comes when, in each window, the
// turn as many turns ago as we have in it is a whole window ago. And turns come
// at an even pace, but for a burst after unused time: else the first seconds of a
// window would use it up, and whoever comes later would wait for its end.
//
// Times are since the pace's beginning.
type pace struct {
	// ours are our shares of the windows; gap is the time between two turns that
	// keeps the slowest of them.
	ours []Window
	gap  time.Duration
	// due is when the next turn comes at an even pace; rested is the end of the
	// latest silence.
	due, rested time.Duration
	// turns are the turns so far, oldest first, as far back as is remembered.
	turns []time.Duration
}

// newPace makes a pace that begins as after unused time.
func newPace(windows []Window, share float64) pace {
	p := pace{due: -credit}
	p.use(windows, share)
	return p
}

// use takes a share of windows as the limits from now on.
func (p *pace) use(windows []Window, share float64) {
	p.ours, p.gap = p.ours[:0], 0
	for _, w := range windows {
		w = shareOf(w, share)
		p.ours = append(p.ours, w)
		count := time.Duration(w.Count)
		p.gap = max(p.gap, (w.Per+count-1)/count)
	}
	// What was due at a slower pace need not be waited for.
	last := p.rested
	if n := len(p.turns); n > 0 {
		last = max(last, p.turns[n-1])
	}
	p.due = min(p.due, last+p.gap)
}

// shareOf is a share of a window. Less than one request in a window is one in a
// longer one.
func shareOf(w Window, share float64) Window {
	count := float64(w.Count) * share
	if count >= 1 {
		return Window{int(count), w.Per}
	}
	return Window{1, time.Duration(math.Min(math.Ceil(float64(w.Per)/count), float64(maxStretch)))}
}

// next is when the next turn comes, which may be in the past. Time that the
// windows hold requests back for is not unused time, so due moves along.
func (p *pace) next(now time.Duration) time.Duration {
	for _, w := range p.ours {
		if len(p.turns) < w.Count {
			continue
		}
		if free := p.turns[len(p.turns)-w.Count] + w.Per; free > now {
			p.due = max(p.due, free)
		}
	}
	return p.due
}

// after is how long the turn after so many others is away at least.
func (p *pace) after(others int, now time.Duration) time.Duration {
	others = min(others, 1000) // far from overflow, whatever the gap
	return max(0, p.next(now)+time.Duration(others)*p.gap-now)
}

// take notes a turn.
func (p *pace) take(now time.Duration) {
	p.due = max(p.due, now-credit) + p.gap
	old := 0
	for cut := now - p.remembered(); old < len(p.turns) && p.turns[old] <= cut; {
		old++
	}
	p.turns = append(p.turns[old:], now)
}

// rest begins the pace anew at the end of a silence, without a burst.
func (p *pace) rest(until time.Duration) { p.due, p.rested = max(p.due, until), until }

// remembered is how far back turns are remembered.
func (p *pace) remembered() time.Duration {
	longest := memory
	for _, w := range p.ours {
		longest = max(longest, w.Per)
	}
	return longest
}

// rate is how many turns a second there are in the long run.
func (p *pace) rate() float64 {
	rate := math.Inf(1)
	for _, w := range p.ours {
		rate = min(rate, float64(w.Count)/w.Per.Seconds())
	}
	return rate
}
