package collect

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

var (
	knownOrg   = audit.Feed{Scope: audit.ScopeOrg, ID: "o1"}
	knownGroup = audit.Feed{Scope: audit.ScopeGroup, ID: "g"}
	midnight   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

// stored is a scan over events, one a second from midnight.
func stored(n int) scanner {
	return func(_ context.Context, _ time.Time, fn func(audit.StoredEvent) error) error {
		for i := range n {
			ev := audit.StoredEvent{Feed: knownOrg, ID: fmt.Sprint(i), EventTime: midnight.Add(time.Duration(i) * time.Second), Name: "org.edit"}
			if err := fn(ev); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestKnownIsBounded: a range with more events than memory may hold is known
// piece by piece, each from its start, and every piece is whole.
func TestKnownIsBounded(t *testing.T) {
	const events, most = 1000, 64
	k := newKnown(knownOrg)
	k.most = most
	want, pieces := audit.Interval{Start: midnight, End: midnight.Add(time.Hour)}, 0
	for at := want.Start; at.Before(want.End); pieces++ {
		end, err := k.ensure(t.Context(), audit.Interval{Start: at, End: want.End}, 0, stored(events))
		if err != nil || !end.After(at) {
			t.Fatalf("known from %v to %v: %v", at, end, err)
		}
		for i := range events {
			instant := midnight.Add(time.Duration(i) * time.Second)
			if within := !instant.Before(at) && instant.Before(end); within != (len(k.stored(instant.UnixNano())) == 1) {
				t.Fatalf("event %d of [%v, %v): known %v", i, at, end, k.stored(instant.UnixNano()))
			}
		}
		if k.count > most {
			t.Fatalf("%d events in memory", k.count)
		}
		at = end
		k.keep(audit.Intervals{{Start: at, End: forever}})
	}
	if pieces < events/most {
		t.Errorf("%d pieces", pieces)
	}
}

// TestKnownLearnsDuringTheScan: what another feed stores while a range is scanned
// is known, and what an interrupted scan brought is not believed to be all.
func TestKnownLearnsDuringTheScan(t *testing.T) {
	k := newKnown(knownGroup)
	want := audit.Interval{Start: midnight, End: midnight.Add(time.Hour)}
	o := audit.ReadRecord([]byte(`{"created":"2026-11-01T00:00:01Z","event":"org.edit","org_id":"o1"}`))
	page := &audit.Page{Feed: knownOrg, Records: []audit.Record{{
		Event: audit.Normalise(o, audit.Setting{SourceID: "s", Feed: knownOrg, Occurrence: 1}), Raw: o.Raw,
	}}}
	broken := errors.New("broken")
	if _, err := k.ensure(t.Context(), want, 0, func(context.Context, time.Time, func(audit.StoredEvent) error) error {
		k.learn(page)
		return broken
	}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if !k.lacks(want) {
		t.Error("an interrupted scan counts as whole")
	}
	if _, err := k.ensure(t.Context(), want, 0, func(context.Context, time.Time, func(audit.StoredEvent) error) error {
		k.learn(page)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if k.lacks(want) || len(k.stored(o.Created.UnixNano())) != 1 {
		t.Errorf("known %v", k.stored(o.Created.UnixNano()))
	}
}

// TestKnownOfABusyTail: what the overlap holds does not leave too little memory to go on.
func TestKnownOfABusyTail(t *testing.T) {
	const events, most = 1000, 64
	k := newKnown(knownOrg)
	k.most = most
	scans := 0
	scan := func(ctx context.Context, since time.Time, fn func(audit.StoredEvent) error) error {
		scans++
		return stored(events)(ctx, since, fn)
	}
	// A poll as feed.step makes it.
	for at := midnight; at.Before(midnight.Add(events * time.Second)); {
		want := audit.Interval{Start: at, End: forever}
		if k.lacks(want) {
			start := midnight
			if k.crowded() {
				start = at
			}
			k.keep(audit.Intervals{{Start: start, End: forever}})
		}
		end, err := k.ensure(t.Context(), want, 0, scan)
		if err != nil || !end.After(at) {
			t.Fatal(err, end)
		}
		at = end
	}
	if scans > 10*events/most {
		t.Errorf("%d scans and as many requests for %d events with room for %d", scans, events, most)
	}
}

// TestKnownOfFastHistory: what history has passed is forgotten as it goes on,
// however fast it is read.
func TestKnownOfFastHistory(t *testing.T) {
	const most = 800
	k := newKnown(knownOrg)
	k.most = most
	nothing := func(context.Context, time.Time, func(audit.StoredEvent) error) error { return nil }
	if _, err := k.ensure(t.Context(), audit.Interval{Start: midnight, End: forever}, 0, nothing); err != nil {
		t.Fatal(err)
	}
	for i := range 100 * most {
		at := midnight.Add(time.Duration(i) * time.Second)
		ev := audit.StoredEvent{Feed: knownOrg, ID: fmt.Sprint(i), EventTime: at, Name: "org.edit"}
		k.mu.Lock()
		k.put(&ev)
		k.mu.Unlock()
		if k.grown() {
			k.keep(audit.Intervals{{Start: at, End: forever}})
		}
		if k.count > most {
			t.Fatalf("%d events in memory after %d", k.count, i)
		}
	}
}
