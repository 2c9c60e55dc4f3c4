package journal

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

func (s *store) scan(tb testing.TB, feed audit.Feed, since time.Time) []audit.StoredEvent {
	tb.Helper()
	var got []audit.StoredEvent
	err := s.Scan(tb.Context(), source, feed, since, func(e audit.StoredEvent) error {
		e.Raw = slices.Clone(e.Raw)
		got = append(got, e)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func storedOf(pages ...audit.Page) []audit.StoredEvent {
	var out []audit.StoredEvent
	for _, p := range pages {
		for _, r := range p.Records {
			out = append(out, audit.Stored(r))
		}
	}
	return out
}

func TestScan(t *testing.T) {
	s := newStore(t)
	if got := s.scan(t, feedA, time.Time{}); got != nil {
		t.Errorf("an empty journal gave %v", got)
	}
	a, b := s.writer(t, feedA), s.writer(t, feedB)
	first := a.mustAppend(t, 3)
	b.fence = a.fence
	b.mustAppend(t, 2)
	a.fence = b.fence
	if err := s.Fence(t.Context(), source, "update"); err != nil {
		t.Fatal(err)
	}
	a.fence++
	second := a.page(4)
	// Every shape of an event: of a group, unreadable, before 1970.
	second.Records[0].Event.Record = &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{
		GroupId: "g", OrgId: "o", Event: "group.edit",
	}}
	second.Records[1].Event.Record, second.Records[1].Event.EventTime = nil, nil
	second.Records[2].Event.EventTime.Seconds = -1
	if err := a.append(t, second); err != nil {
		t.Fatal(err)
	}
	other := &writer{s: s, id: "other", feed: feedA}
	other.mustAppend(t, 1)

	mark, err := s.single(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		since time.Time
		want  []audit.StoredEvent
	}{
		"from the beginning of time": {time.Time{}, storedOf(first, second)},
		"from 1960":                  {time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC), storedOf(first, second)},
		"from an entry":              {mark.stored, storedOf(second)},
		"from after all of them":     {mark.stored.Add(time.Nanosecond), nil},
		"from the end of time":       {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, s.scan(t, feedA, test.since)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// More than the store hands out at a time, with other sources' entries between.
func TestScanOfManyEntries(t *testing.T) {
	s := newStore(t)
	a := s.writer(t, feedA)
	other := &writer{s: s, id: "other", feed: feedA}
	var pages []audit.Page
	for range 2*scanBatch + 10 {
		pages = append(pages, a.mustAppend(t, 2))
		other.mustAppend(t, 1)
	}
	if diff := cmp.Diff(storedOf(pages...), s.scan(t, feedA, time.Time{})); diff != "" {
		t.Error(diff)
	}
}

func TestScanStopsWithItsCallback(t *testing.T) {
	s := newStore(t)
	s.writer(t, feedA).mustAppend(t, 5)
	enough := errors.New("enough")
	calls := 0
	err := s.Scan(t.Context(), source, feedA, time.Time{}, func(audit.StoredEvent) error {
		calls++
		return enough
	})
	if err != enough || calls != 1 { //nolint:errorlint // it must be the very error
		t.Errorf("got %v after %d calls", err, calls)
	}
}

// What is stored while a scan runs is not its business: the scan ends.
func TestScanEndsAtTheHeadItFound(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	w.mustAppend(t, 1)
	calls := 0
	err := s.Scan(t.Context(), source, feedA, time.Time{}, func(audit.StoredEvent) error {
		calls++
		w.mustAppend(t, 1)
		return nil
	})
	if err != nil || calls != 1 {
		t.Errorf("got %d calls, %v", calls, err)
	}
}

// The store may give more than was there when the scan began.
func TestScanPassesOverWhatIsNewer(t *testing.T) {
	calls := 0
	s := scan{until: 2, fn: func(audit.StoredEvent) error { calls++; return nil }}
	at := func(seq uint64) message {
		return message{seq: seq, subject: feedSubject(source, feedA), data: []byte{0x0a, 0, 0x12, 0}} // an empty event without bytes
	}
	err := s.take(t.Context(), []message{at(1), at(2), at(4)})
	if err != nil || calls != 2 || !s.done {
		t.Errorf("%d calls, done %t, %v", calls, s.done, err)
	}
	s = scan{until: 2, fn: s.fn}
	if err := s.take(t.Context(), []message{at(3)}); err != nil || calls != 2 || !s.done {
		t.Errorf("%d calls, done %t, %v", calls, s.done, err)
	}
}

func TestStoreClock(t *testing.T) {
	for _, moment := range []time.Time{{}, time.Unix(0, 0), epoch, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		got := storeClock(moment)
		if again := time.Unix(0, got.UnixNano()); got.UnixNano() < 0 || !again.Equal(got) || moment.Year() == epoch.Year() && !got.Equal(moment) {
			t.Errorf("%v became %v", moment, got)
		}
	}
}

func TestScanRefusesADamagedEntry(t *testing.T) {
	s := newStore(t)
	s.writer(t, feedA).mustAppend(t, 1)
	msg := newEntryMessage(feedSubject(source, feedA), epoch, []byte{0x0a, 0x7f})
	if _, err := s.publish(t.Context(), source, 1, msg); err != nil {
		t.Fatal(err)
	}
	err := s.Scan(t.Context(), source, feedA, time.Time{}, func(audit.StoredEvent) error { return nil })
	if !errors.Is(err, wire.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}
