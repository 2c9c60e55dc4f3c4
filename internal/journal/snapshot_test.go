package journal

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

func (s *store) load(tb testing.TB) audit.Snapshot {
	tb.Helper()
	snapshot, err := s.Load(tb.Context(), source)
	if err != nil {
		tb.Fatal(err)
	}
	return snapshot
}

func TestLoadOfANewSource(t *testing.T) {
	s := newStore(t)
	want := audit.Snapshot{Feeds: map[audit.Feed]audit.FeedState{}}
	if diff := cmp.Diff(want, s.load(t)); diff != "" {
		t.Error(diff)
	}
	if err := s.Fence(t.Context(), source, "create"); err != nil {
		t.Fatal(err)
	}
	want.Fence = 1
	if diff := cmp.Diff(want, s.load(t)); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Load(t.Context(), "a.>"); err == nil {
		t.Error("a wildcard was taken for a source")
	}
}

func TestStateSurvivesItsEncoding(t *testing.T) {
	full := audit.FeedState{
		IdentityVersion: 3, LastSequence: 0, LastEventTime: epoch, CollectFrom: epoch.Add(-time.Hour),
		Lanes: []audit.Lane{
			{Frontier: epoch, Covered: audit.Intervals{{Start: epoch.Add(-time.Hour), End: epoch}, {Start: epoch.Add(time.Hour), End: epoch.Add(2 * time.Hour)}}, SweepTime: epoch},
			{Kind: audit.LaneAPIAccess},
		},
		GroupID: "g", Lateness: time.Minute, LatenessTime: epoch, Late: 4, Rewritten: 5, Unreadable: 6,
	}
	for name, state := range map[string]audit.FeedState{"full": full, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			page := audit.Page{SourceID: source, Feed: feedA, State: state}
			if _, err := s.Append(t.Context(), 0, page); err != nil {
				t.Fatal(err)
			}
			want := audit.Snapshot{Fence: 1, Feeds: map[audit.Feed]audit.FeedState{feedA: state}}
			if diff := cmp.Diff(want, s.load(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadOfSeveralFeeds(t *testing.T) {
	s := newStore(t)
	a, b := s.writer(t, feedA), s.writer(t, feedB)
	a.mustAppend(t, 2)
	b.fence = a.fence
	b.mustAppend(t, 3)
	a.fence = b.fence
	a.mustAppend(t, 4)
	other := &writer{s: s, id: "other", feed: feedA}
	other.mustAppend(t, 9)
	want := audit.Snapshot{Fence: 3, Feeds: map[audit.Feed]audit.FeedState{feedA: a.state, feedB: b.state}}
	if diff := cmp.Diff(want, s.load(t)); diff != "" {
		t.Error(diff)
	}
}

// More feeds than the store hands out for one request, with answers that it cuts.
func TestLoadOfVeryManyFeeds(t *testing.T) {
	s := newStore(t)
	const feeds = maxLast + 200
	var fence uint64
	for i := range feeds {
		feed := audit.Feed{Scope: audit.ScopeOrg, ID: fmt.Sprintf("org-%d", i)}
		data, err := proto.Marshal(&stored.Entry{
			State: &stored.FeedState{LastSequence: uint64(i)},
			Raw:   [][]byte{make([]byte, 20_000)}, // 24 MB in all
		})
		if err != nil {
			t.Fatal(err)
		}
		fence, err = s.publish(t.Context(), source, fence, newEntryMessage(feedSubject(source, feed), epoch, data))
		if err != nil {
			t.Fatal(err)
		}
	}
	got := s.load(t)
	if got.Fence != feeds || len(got.Feeds) != feeds {
		t.Fatalf("got fence %d and %d feeds", got.Fence, len(got.Feeds))
	}
	for i := range feeds {
		feed := audit.Feed{Scope: audit.ScopeOrg, ID: fmt.Sprintf("org-%d", i)}
		if got.Feeds[feed].LastSequence != uint64(i) {
			t.Fatalf("feed %d has state %+v", i, got.Feeds[feed])
		}
	}
}

// State and fence are of one moment, also where the store cuts its answer between
// the feeds and others append meanwhile.
func TestLoadIsOfOneMoment(t *testing.T) {
	s := newStore(t)
	stop, done := make(chan struct{}), make(chan struct{})
	a, b := s.writer(t, feedA), s.writer(t, feedB)
	go func() {
		defer close(done)
		for w, next := a, b; ; w, next = next, w {
			select {
			case <-stop:
				return
			default:
			}
			page := w.page(3)
			for i := range page.Records {
				page.Records[i].Raw = make([]byte, 3<<19) // one entry is more than the store hands out at once
			}
			if err := w.append(t, page); err != nil {
				t.Error(err)
				return
			}
			next.fence = w.fence
		}
	}()
	for range 40 {
		got := s.load(t)
		ofA, ofB := got.Feeds[feedA].LastSequence/3, got.Feeds[feedB].LastSequence/3
		if got.Fence != ofA+ofB || ofA != ofB && ofA != ofB+1 {
			t.Errorf("at fence %d the feeds have %d and %d pages", got.Fence, ofA, ofB)
		}
	}
	close(stop)
	<-done
}

func TestLoadRefusesADamagedState(t *testing.T) {
	for name, data := range map[string][]byte{"no entry": {0xff}, "no state": {}} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.writer(t, feedA).mustAppend(t, 1)
			msg := newEntryMessage(feedSubject(source, feedA), epoch, data)
			if _, err := s.publish(t.Context(), source, 1, msg); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Load(t.Context(), source); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestCheckpointPrecedence(t *testing.T) {
	later := func(s audit.FeedState) audit.FeedState { s.Late = 77; return s }
	tests := map[string]struct {
		base uint64
		wins bool
	}{
		"made after the last entry":   {base: 3, wins: true},
		"made long after":             {base: 100, wins: true},
		"made before the last entry":  {base: 2},
		"made before the first entry": {base: 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			w := s.writer(t, feedA)
			w.mustAppend(t, 1)
			w.mustAppend(t, 1)
			w.mustAppend(t, 1)
			if err := s.Checkpoint(t.Context(), source, feedA, later(w.state), test.base); err != nil {
				t.Fatal(err)
			}
			// One of a feed without entries, of which nothing else is known.
			if err := s.Checkpoint(t.Context(), source, feedB, audit.FeedState{Late: 1}, 0); err != nil {
				t.Fatal(err)
			}
			want := audit.Snapshot{Fence: 3, Feeds: map[audit.Feed]audit.FeedState{feedA: w.state, feedB: {Late: 1}}}
			if test.wins {
				want.Feeds[feedA] = later(w.state)
			}
			if diff := cmp.Diff(want, s.load(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckpointNeverGoesBack(t *testing.T) {
	s := newStore(t)
	s.grow(t, 10)
	put := func(late, base uint64) error {
		return s.Checkpoint(t.Context(), source, feedA, audit.FeedState{Late: late}, base)
	}
	if err := errors.Join(put(1, 5), put(2, 5), put(3, 7)); err != nil {
		t.Fatal(err)
	}
	if err := put(4, 6); !errors.Is(err, audit.ErrFenced) {
		t.Errorf("got %v", err)
	}
	if got := s.load(t).Feeds[feedA].Late; got != 3 {
		t.Errorf("the checkpoint is that of writer %d", got)
	}
}

// grow appends entries of another source.
func (s *store) grow(tb testing.TB, entries int) {
	tb.Helper()
	for range entries {
		if err := s.Fence(tb.Context(), "other", "grow"); err != nil {
			tb.Fatal(err)
		}
	}
}

// A journal that lost its end, while the checkpoints did not, gives its sequences
// anew: ordinals must not go back for that.
func TestStateOutlivesALostEnd(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	w.mustAppend(t, 3)
	state := w.state
	state.LastSequence = 10
	if err := s.Checkpoint(t.Context(), source, feedA, state, 100); err != nil {
		t.Fatal(err)
	}
	w.reload(t)
	if w.state.LastSequence != 10 {
		t.Fatalf("the state is %+v", w.state)
	}
	if err := s.Checkpoint(t.Context(), source, feedA, w.state, w.fence); err != nil {
		t.Errorf("progress cannot be stored: %v", err)
	}
	if err := s.Checkpoint(t.Context(), source, feedA, state, 100); err != nil {
		t.Fatal(err)
	}
	w.mustAppend(t, 2)
	if diff := cmp.Diff(w.state, s.load(t).Feeds[feedA]); diff != "" {
		t.Error(diff)
	}
	if err := s.Checkpoint(t.Context(), source, feedA, w.state, w.fence); err != nil {
		t.Error(err)
	}
	if err := s.Checkpoint(t.Context(), source, feedA, state, w.fence); !errors.Is(err, audit.ErrFenced) {
		t.Errorf("an old state was stored: %v", err)
	}
}

func TestCheckpointsOfManyWritersAtOnce(t *testing.T) {
	s := newStore(t)
	s.grow(t, 10)
	done := make(chan error)
	for i := range 8 {
		go func() {
			for n := range 10 {
				err := s.Checkpoint(t.Context(), source, feedA, audit.FeedState{Late: uint64(n)}, uint64(n))
				if err != nil && !errors.Is(err, audit.ErrFenced) && !audit.IsKind(err, audit.KindUnavailable) {
					done <- fmt.Errorf("writer %d: %w", i, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := s.load(t).Feeds[feedA].Late; got != 9 {
		t.Errorf("the checkpoint is the %dth", got)
	}
}

// Retention takes a feed's last entry; the checkpoint keeps its state, and the
// ordinals go on.
func TestStateOutlivesRetention(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, func(c *Config) { c.Retention = time.Second })
	w := s.writer(t, feedA)
	w.mustAppend(t, 5)
	if err := s.Checkpoint(t.Context(), source, feedA, w.state, w.fence); err != nil {
		t.Fatal(err)
	}
	s.waitEmpty(t)
	want := audit.Snapshot{Fence: 0, Feeds: map[audit.Feed]audit.FeedState{feedA: w.state}}
	if diff := cmp.Diff(want, s.load(t)); diff != "" {
		t.Error(diff)
	}
	// Progress without events is still stored: the state is that of the present fence.
	w.state.Rewritten++
	if err := s.Checkpoint(t.Context(), source, feedA, w.state, 0); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(w.state, s.load(t).Feeds[feedA]); diff != "" {
		t.Error(diff)
	}
	// Whoever loaded before does not know that the fence fell back.
	if err := w.append(t, w.page(1)); !errors.Is(err, audit.ErrFenced) {
		t.Errorf("got %v", err)
	}
	s.close(t)

	// The journal's sequence goes on too, after a restart with nothing in it.
	s = openStore(t, dir)
	defer s.close(t)
	w = s.writer(t, feedA)
	if page := w.mustAppend(t, 1); page.State.LastSequence != 6 || w.fence != 2 {
		t.Errorf("ordinal %d at entry %d", page.State.LastSequence, w.fence)
	}
}

// waitEmpty waits until retention has taken everything.
func (s *store) waitEmpty(tb testing.TB) {
	tb.Helper()
	for {
		x, err := s.extent(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		if x.first > x.last {
			return
		}
		rest(tb.Context(), 20*time.Millisecond)
	}
}

func TestLoadFailsWithTheStore(t *testing.T) {
	s := openStore(t, t.TempDir())
	s.close(t)
	_, err := s.Load(t.Context(), source)
	if !audit.IsKind(err, audit.KindUnavailable) || !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("got %v", err)
	}
}
