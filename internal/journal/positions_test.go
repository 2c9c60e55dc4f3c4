package journal

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestEndsOfAnEmptyJournal(t *testing.T) {
	s := newStore(t)
	for name, end := range map[string]func() (audit.Position, error){
		"earliest": func() (audit.Position, error) { return s.Earliest(t.Context()) },
		"latest":   func() (audit.Position, error) { return s.Latest(t.Context()) },
		"at":       func() (audit.Position, error) { return s.At(t.Context(), epoch) },
	} {
		got, err := end()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(audit.Position{Whole: true}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if head, err := s.Head(t.Context()); err != nil || head != 0 {
		t.Errorf("head is %d, %v", head, err)
	}
}

func TestEndsAfterRetentionTookAll(t *testing.T) {
	s := newStore(t, func(c *Config) { c.Retention = time.Second })
	s.writer(t, feedA).mustAppend(t, 1)
	s.waitEmpty(t)
	for name, end := range map[string]func() (audit.Position, error){
		"earliest": func() (audit.Position, error) { return s.Earliest(t.Context()) },
		"latest":   func() (audit.Position, error) { return s.Latest(t.Context()) },
	} {
		got, err := end()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(audit.Position{Sequence: 1, Whole: true}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestStartTime(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	now := time.Now().UTC().Truncate(time.Second)
	// Entries with event times relative to now, in minutes. The journal's order is
	// not that of event times.
	for _, minutes := range [][]int{{-60, -59}, {-10, -20}, {-300}, {5, 1}, {}, {-90}} {
		page := w.page(len(minutes))
		for i, m := range minutes {
			page.Records[i].Event.EventTime = audit.Timestamp(now.Add(time.Duration(m) * time.Minute))
		}
		if len(minutes) == 1 {
			// One without a time fits no time.
			page.Records = append(page.Records, testRecord(source, feedA, page.State.LastSequence+1, now))
			page.State.LastSequence++
			page.Records[1].Event.EventTime, page.Records[1].Event.Record = nil, nil
		}
		if err := w.append(t, page); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Fence(t.Context(), source, "update"); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		at       time.Time
		sequence uint64 // of the entry before which reading starts; 0: the end
		index    int
	}{
		"before everything":         {at: now.Add(-24 * time.Hour), sequence: 1},
		"long before everything":    {at: time.Time{}, sequence: 1},
		"exactly at an event":       {at: now.Add(-60 * time.Minute), sequence: 1},
		"right after it":            {at: now.Add(-60*time.Minute + 1), sequence: 1, index: 1},
		"between entries":           {at: now.Add(-30 * time.Minute), sequence: 2},
		"order within an entry":     {at: now.Add(-10 * time.Minute), sequence: 2},
		"Snyk's clock is ahead":     {at: now.Add(2 * time.Minute), sequence: 4},
		"after everything":          {at: now.Add(6 * time.Minute)},
		"beyond the clock's margin": {at: now.Add(time.Hour)},
		"the end of time":           {at: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
	}
	latest, err := s.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries := s.readAll(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := s.At(t.Context(), test.at)
			if err != nil {
				t.Fatal(err)
			}
			want := latest
			if test.sequence > 0 {
				e := entries[test.sequence-1]
				want = audit.Position{Sequence: e.Sequence, Events: test.index, AnchorSequence: e.Sequence, Anchor: e.Anchor}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if err := s.Verify(t.Context(), got); err != nil {
				t.Error(err)
			}
			if test.sequence > 0 {
				e, err := s.Read(got).Next(t.Context())
				if err != nil || e.Sequence != test.sequence || e.First != test.index {
					t.Errorf("a reader gets %+v, %v", e, err)
				}
			}
		})
	}
}

// Head counts what was appended before it was asked, however many ask.
func TestHeadIsNeverStale(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	done := make(chan error, 8)
	stop := make(chan struct{})
	for range cap(done) {
		go func() {
			for {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				if _, err := s.Head(t.Context()); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range 100 {
		w.mustAppend(t, 1)
		if head, err := s.Head(t.Context()); err != nil || head != w.fence {
			t.Errorf("head is %d, %v, want %d", head, err, w.fence)
		}
	}
	close(stop)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Whoever asks for all may give up within: the others ask again.
func TestHeadOfACallerWhoGivesUpHarmsNobody(t *testing.T) {
	s := newStore(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		s.extents.turn <- struct{}{}
		asked := s.extents.join()
		result := make(chan error)
		go func() { _, err := s.Head(t.Context()); result <- err }()
		rest(t.Context(), 5*time.Millisecond) // it joins
		s.extents.run(gone, asked)
		if asked.err == nil {
			t.Fatal("the one who gave up has an answer")
		}
		<-s.extents.turn
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	}
}

func TestSince(t *testing.T) {
	s := newStore(t)
	before := time.Now()
	if at, err := s.Since(t.Context(), before); err != nil || at.Sequence != 0 {
		t.Errorf("of an empty journal: %+v, %v", at, err)
	}
	w := s.writer(t, feedA)
	w.mustAppend(t, 1)
	w.mustAppend(t, 1)
	between := time.Now()
	w.mustAppend(t, 1)
	for at, want := range map[time.Time]uint64{{}: 0, before: 0, between: 2, time.Now().Add(time.Hour): 3} {
		if got, err := s.Since(t.Context(), at); err != nil || got.Sequence != want || !got.Whole {
			t.Errorf("since %v: %+v, %v, want the position after %d", at, got, err, want)
		}
	}
}
