package collect

import (
	"slices"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// news are the records of an answer that are not stored yet.
type news struct {
	records []fresh
	// rewritten are the ids of the feed's events whose records have other content now.
	rewritten []string
}

// fresh is a record to store, with its occurrence among identical ones.
type fresh struct {
	audit.Observed
	occurrence int
}

// sift tells what is new among the records of one answer that shows each of
// their instants whole. read says of an instant whether it was read before,
// complete that every organization of the group is read.
func (k *known) sift(shown []audit.Observed, read func(time.Time) bool, complete bool) news {
	out := news{records: make([]fresh, 0, len(shown))}
	for _, of := range byInstant(shown) {
		stored := k.stored(of.instant)
		if len(stored) == 0 {
			out.records = appendAll(out.records, of.shown)
			continue
		}
		s := newSieve(k.feed, of.shown, stored)
		if s.same() && of.instant != unplaced {
			s.shownElsewhere()
			s.rewritten(read(of.shown[0].Created), complete)
		}
		out.records = s.appendLeft(out.records)
		out.rewritten = append(out.rewritten, s.rewrites...)
	}
	return out
}

// moment is what an answer shows of an instant.
type moment struct {
	instant int64
	shown   []audit.Observed
}

// byInstant sorts records by their instants, in the order in which those come
// first. An answer is in the order of time already, but for records without one.
func byInstant(shown []audit.Observed) []moment {
	out := make([]moment, 0, len(shown))
	latest := int64(unplaced)
	for i := range shown {
		instant := int64(unplaced)
		if at := shown[i].Created; !at.IsZero() {
			instant = at.UnixNano()
		}
		last := len(out) - 1
		if last < 0 || out[last].instant != instant {
			if last = -1; instant <= latest {
				last = slices.IndexFunc(out, func(m moment) bool { return m.instant == instant })
			}
		}
		latest = max(latest, instant)
		switch {
		case last < 0:
			out = append(out, moment{instant, shown[i : i+1 : i+1]})
		case last == len(out)-1 && i > 0 && &shown[i-1] == &out[last].shown[len(out[last].shown)-1]:
			out[last].shown = shown[i-len(out[last].shown) : i+1 : i+1]
		default:
			out[last].shown = append(out[last].shown, shown[i])
		}
	}
	return out
}

// occurrences count the copies of each record. Identical records are told apart by
// their occurrence in one answer, never by a sum over answers: that is what tells
// real twins from a record shown again.
type occurrences map[[32]byte]int

// next is the occurrence of a record among others.
func (o *occurrences) next(hash [32]byte, others int) int {
	if others == 1 {
		return 1
	}
	if *o == nil {
		*o = make(occurrences, others)
	}
	(*o)[hash]++
	return (*o)[hash]
}

// appendAll appends records of an instant of which nothing is stored.
func appendAll(to []fresh, shown []audit.Observed) []fresh {
	var copies occurrences
	for i := range shown {
		to = append(to, fresh{shown[i], copies.next(shown[i].Hash, len(shown))})
	}
	return to
}
