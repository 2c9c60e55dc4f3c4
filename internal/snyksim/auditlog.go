package snyksim

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// auditLog is the log of one group or organization, kept in order so that a page
// is a binary search and a walk. Callers hold Sim.mu.
type auditLog struct {
	sorted    []*entry
	gone      []*entry
	last      int64
	first     int64
	scopeHash uint32
}

func (s *Sim) openLog(scopeID string) {
	if _, ok := s.logs[scopeID]; !ok {
		s.logs[scopeID] = &auditLog{scopeHash: hash32(scopeID)}
	}
}

// nextOrd is the next place inside an instant: growing at the back, falling at the front.
func (l *auditLog) nextOrd(front bool) int64 {
	if front {
		l.first--
		return l.first
	}
	l.last++
	return l.last
}

func compareEntries(a, b *entry) int {
	if c := a.created.Compare(b.created); c != 0 {
		return c
	}
	return cmp.Compare(a.ord, b.ord)
}

// sortAbove is how many entries are worth one sort instead of single inserts.
const sortAbove = 64

func (l *auditLog) insert(entries []*entry) {
	for i, e := range entries {
		if n := len(l.sorted); n == 0 || compareEntries(l.sorted[n-1], e) < 0 {
			l.sorted = append(l.sorted, e)
			continue
		}
		if rest := entries[i:]; len(rest) > sortAbove {
			l.sorted = append(l.sorted, rest...)
			slices.SortFunc(l.sorted, compareEntries)
			return
		}
		at, _ := slices.BinarySearchFunc(l.sorted, e, compareEntries)
		l.sorted = slices.Insert(l.sorted, at, e)
	}
}

func (l *auditLog) remove(e *entry) {
	if at, ok := slices.BinarySearchFunc(l.sorted, e, compareEntries); ok {
		l.sorted = slices.Delete(l.sorted, at, at+1)
		l.gone = append(l.gone, e)
	}
}

// place is a spot in the log between entries: just before the entry with the
// same time and ord, or just after it.
type place struct {
	created time.Time
	ord     int64
}

// at is the index of the first entry at or after t.
func (l *auditLog) at(t time.Time) int {
	return sort.Search(len(l.sorted), func(i int) bool { return !l.sorted[i].created.Before(t) })
}

// index is the index of the first entry that is not before p, or with after not
// at p either.
func (l *auditLog) index(p place, after bool) int {
	probe := &entry{created: p.created, ord: p.ord}
	return sort.Search(len(l.sorted), func(i int) bool {
		c := compareEntries(l.sorted[i], probe)
		return c > 0 || (c == 0 && !after)
	})
}

// walk calls visit with the entries of [from, to) in the order asked for,
// starting behind the place where, until visit says stop.
func (l *auditLog) walk(q *query, behind *place, visit func(*entry) bool) {
	lo, hi := l.at(q.from), l.at(q.to)
	if q.descending {
		if behind != nil {
			hi = min(hi, l.index(*behind, false))
		}
		for i := hi - 1; i >= lo; i-- {
			if !visit(l.sorted[i]) {
				return
			}
		}
		return
	}
	if behind != nil {
		lo = max(lo, l.index(*behind, true))
	}
	for i := lo; i < hi; i++ {
		if !visit(l.sorted[i]) {
			return
		}
	}
}
