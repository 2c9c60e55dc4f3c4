package audit

import (
	"slices"
	"time"
)

// Interval is a stretch of event time, [Start, End).
type Interval struct{ Start, End time.Time }

// Empty says that the interval holds no instant.
func (iv Interval) Empty() bool { return !iv.Start.Before(iv.End) }

// Contains says whether t lies in the interval.
func (iv Interval) Contains(t time.Time) bool {
	return !t.Before(iv.Start) && t.Before(iv.End)
}

// And returns the instants in both intervals.
func (iv Interval) And(other Interval) Interval {
	return Interval{Later(iv.Start, other.Start), Earlier(iv.End, other.End)}
}

// Intervals is a set of instants: disjoint, not touching, in time order. The
// zero value is the empty set.
type Intervals []Interval

// Add returns the set with iv. The receiver is not changed.
func (s Intervals) Add(iv Interval) Intervals {
	if iv.Empty() {
		return s
	}
	out := make(Intervals, 0, len(s)+1)
	for _, have := range s {
		switch {
		case have.End.Before(iv.Start), iv.End.Before(have.Start):
			out = append(out, have)
		default:
			iv.Start = Earlier(iv.Start, have.Start)
			iv.End = Later(iv.End, have.End)
		}
	}
	at, _ := slices.BinarySearchFunc(out, iv, func(a, b Interval) int { return a.Start.Compare(b.Start) })
	return slices.Insert(out, at, iv)
}

// Missing returns what of within is not in the set, in time order.
func (s Intervals) Missing(within Interval) Intervals {
	var out Intervals
	at := within.Start
	for _, have := range s {
		if !have.End.After(at) {
			continue
		}
		if !have.Start.Before(within.End) {
			break
		}
		if have.Start.After(at) {
			out = append(out, Interval{at, have.Start})
		}
		at = have.End
	}
	if rest := (Interval{at, within.End}); !rest.Empty() {
		out = append(out, rest)
	}
	return out
}

// Without returns the set less iv.
func (s Intervals) Without(iv Interval) Intervals {
	if iv.Empty() {
		return s
	}
	var out Intervals
	for _, have := range s {
		for _, part := range [2]Interval{
			{have.Start, Earlier(have.End, iv.Start)},
			{Later(have.Start, iv.End), have.End},
		} {
			if !part.Empty() {
				out = append(out, part)
			}
		}
	}
	return out
}

// And returns the instants in both sets.
func (s Intervals) And(other Intervals) Intervals {
	var out Intervals
	for _, a := range s {
		for _, b := range other {
			out = out.Add(a.And(b))
		}
	}
	return out
}

// Contains says whether t is in the set.
func (s Intervals) Contains(t time.Time) bool {
	return slices.ContainsFunc(s, func(iv Interval) bool { return iv.Contains(t) })
}

// Ending returns the interval that reaches end, or one that is empty at end.
func (s Intervals) Ending(end time.Time) Interval {
	for _, have := range s {
		if !have.Start.After(end) && !have.End.Before(end) {
			return Interval{have.Start, end}
		}
	}
	return Interval{end, end}
}

// Earlier is the earlier of two times.
func Earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Later is the later of two times.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
