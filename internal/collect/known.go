package collect

import (
	"context"
	"math"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// known tells which records are stored already. It holds the ids of the stored
// events of some ranges of event time, rebuilt from the journal on demand: the
// journal is the only memory of what is stored.
type known struct {
	ranges audit.Intervals
	// at are the stored events by event time, in nanoseconds.
	at map[int64][]slot
}

// unplaced is where records without a readable time are kept: an instant that no
// record can have.
const unplaced = math.MinInt64

// slot is one stored event of an instant.
type slot struct {
	id string
	kindOfRecord
}

// kindOfRecord is what a rewrite of a record leaves as it was.
type kindOfRecord struct{ name, org string }

func newKnown() *known {
	return &known{at: map[int64][]slot{}}
}

// scanner is the part of the journal that known reads.
type scanner func(ctx context.Context, since time.Time, fn func(audit.StoredEvent) error) error

// ensure makes known complete for the range. margin is how much earlier than its
// event time an event may have been stored, since Snyk's clock may lead ours.
func (k *known) ensure(ctx context.Context, want audit.Interval, margin time.Duration, scan scanner) error {
	missing := k.ranges.Missing(want)
	if len(missing) == 0 {
		return nil
	}
	err := scan(ctx, missing[0].Start.Add(-margin), func(ev audit.StoredEvent) error {
		if ev.EventTime.IsZero() || missing.Contains(ev.EventTime) {
			k.put(ev)
		}
		return nil
	})
	if err != nil {
		// A part of the scan may be in: forget the range, not the part, since put
		// is the same twice.
		return err
	}
	k.ranges = k.ranges.Add(want)
	return nil
}

// add enters an event that was just stored.
func (k *known) add(ev audit.StoredEvent) {
	if ev.EventTime.IsZero() || k.ranges.Contains(ev.EventTime) {
		k.put(ev)
	}
}

func (k *known) put(ev audit.StoredEvent) {
	instant := int64(unplaced)
	if !ev.EventTime.IsZero() {
		instant = ev.EventTime.UnixNano()
	}
	for _, s := range k.at[instant] {
		if s.id == ev.ID {
			return
		}
	}
	k.at[instant] = append(k.at[instant], slot{ev.ID, kindOfRecord{ev.Name, ev.OrgID}})
}

// keep forgets everything outside the ranges.
func (k *known) keep(ranges audit.Intervals) {
	k.ranges = k.ranges.And(ranges)
	for instant := range k.at {
		if instant != unplaced && !k.ranges.Contains(time.Unix(0, instant)) {
			delete(k.at, instant)
		}
	}
}

// news are the records of an answer that are not stored yet.
type news struct {
	records []fresh
	// rewritten counts records that are stored with other content.
	rewritten uint64
}

// fresh is a record to store, with its occurrence among identical ones.
type fresh struct {
	audit.Observed
	occurrence int
}

// sift tells what is new among the records of one answer that shows each of
// their instants whole.
//
// Identical records are told apart by their occurrence in this one answer, never
// by a sum over answers: that is what tells real twins from a record shown again.
// Snyk rewrites old records (a deleted user, a redacted link), and a rewritten
// one must not look new: where an instant shows no more records of a kind than
// are stored, those that are not recognised are rewrites.
func (k *known) sift(feed audit.Feed, shown []audit.Observed) news {
	instants := map[int64][]audit.Observed{}
	var order []int64
	for _, o := range shown {
		instant := int64(unplaced)
		if !o.Created.IsZero() {
			instant = o.Created.UnixNano()
		}
		if _, seen := instants[instant]; !seen {
			order = append(order, instant)
		}
		instants[instant] = append(instants[instant], o)
	}
	var out news
	for _, instant := range order {
		k.siftInstant(feed, instant, instants[instant], &out)
	}
	return out
}

func (k *known) siftInstant(feed audit.Feed, instant int64, shown []audit.Observed, out *news) {
	stored, excess := map[string]bool{}, map[kindOfRecord]int{}
	for _, s := range k.at[instant] {
		stored[s.id] = true
		excess[s.kindOfRecord]--
	}
	for _, o := range shown {
		excess[kindOf(feed, o)]++
	}
	copies := map[[32]byte]int{}
	for _, o := range shown {
		copies[o.Hash]++
		id := o.ID(copies[o.Hash])
		switch {
		case stored[id]:
		case instant != unplaced && excess[kindOf(feed, o)] <= 0:
			out.rewritten++
		default:
			out.records = append(out.records, fresh{o, copies[o.Hash]})
		}
	}
}

func kindOf(feed audit.Feed, o audit.Observed) kindOfRecord {
	if o.Problem != "" {
		return kindOfRecord{}
	}
	org := o.OrgID
	if org == "" && feed.Scope == audit.ScopeOrg {
		org = feed.ID
	}
	return kindOfRecord{o.Event, org}
}
