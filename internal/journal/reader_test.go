package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

func TestReaderWaitsForWhatComes(t *testing.T) {
	s := newStore(t)
	s.tailing(t)
	w := s.writer(t, feedA)
	r := s.Read(audit.Position{})
	defer r.Close()
	for range 100 {
		page := w.page(2)
		appended := make(chan error)
		go func() { appended <- w.append(t, page) }()
		e, err := r.Next(t.Context())
		if err := errors.Join(err, <-appended); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(page.Records, records(t, e), protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Without a tail a reader reads what is stored, also while it is being stored.
func TestReaderOfAJournalThatGrows(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	appended := make(chan struct{})
	go func() {
		defer close(appended)
		for range 100 {
			w.mustAppend(t, 1)
		}
	}()
	r := s.Read(audit.Position{})
	defer r.Close()
	for want := uint64(1); want <= 100; {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		e, err := r.Next(ctx)
		cancel()
		switch {
		case err == nil && e.Sequence == want && e.Gaps == nil:
			want++
		case !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("got %+v, %v, want entry %d", e, err, want)
		}
	}
	<-appended
}

func TestReaderGoesOnAfterItsContextEnded(t *testing.T) {
	s := newStore(t)
	s.tailing(t)
	w := s.writer(t, feedA)
	r := s.Read(audit.Position{})
	defer r.Close()
	for i := range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		if e, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %+v, %v", e, err)
		}
		cancel()
		w.mustAppend(t, 1)
		if e, err := r.Next(t.Context()); err != nil || e.Sequence != uint64(i+1) {
			t.Fatalf("got %+v, %v", e, err)
		}
	}
}

func TestReaderStartsWithinAnEntry(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	for range 3 {
		w.mustAppend(t, 4)
	}
	if err := s.Fence(t.Context(), source, "update"); err != nil {
		t.Fatal(err)
	}
	for tail := range 2 {
		if tail == 1 {
			// The same out of the tail, whose entries all readers share.
			s.tail.begin(0)
			s.tailing(t)
			for s.tail.head() < 4 {
				rest(t.Context(), time.Millisecond)
			}
		}
		for _, n := range []int{3, 2, 1, 0, 4} {
			t.Run(fmt.Sprintf("tail %d, %d considered", tail, n), func(t *testing.T) {
				start := audit.Position{Sequence: 2, Events: n, Whole: n == 4}
				r := s.Read(start)
				defer r.Close()
				want := [][2]int{{2, n}, {3, 0}, {4, 0}}
				if n == 4 {
					want = want[1:]
				}
				for _, w := range want {
					e, err := r.Next(t.Context())
					if err != nil || e.Sequence != uint64(w[0]) || e.First != w[1] {
						t.Fatalf("got %+v, %v, want %v", e, err, w)
					}
				}
			})
		}
	}
}

func TestOnlyOneTailRuns(t *testing.T) {
	s := newStore(t)
	s.tailing(t)
	for begun := false; !begun; _, begun, _ = s.tail.look(1) {
		rest(t.Context(), time.Millisecond)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("a second tail ran")
	}
}

func TestRingIsBounded(t *testing.T) {
	r := ring{head: 10}
	if r.at(10) != nil || r.at(11) != nil || r.at(0) != nil {
		t.Error("an empty ring keeps something")
	}
	for seq := uint64(11); seq <= 11+2*ringEntries; seq++ {
		r.add(&message{seq: seq, data: make([]byte, 100)})
	}
	if len(r.slots) != ringEntries || r.head != 11+2*ringEntries {
		t.Errorf("%d entries up to %d", len(r.slots), r.head)
	}
	for seq := uint64(0); seq <= r.head+1; seq++ {
		s := r.at(seq)
		if kept := seq > r.head-ringEntries && seq <= r.head; kept != (s != nil) || kept && s.seq != seq {
			t.Fatalf("at %d: %+v", seq, s)
		}
	}
	// After a hole it starts anew.
	r.add(&message{seq: r.head + 5})
	if len(r.slots) != 1 || r.at(r.head) == nil || r.at(r.head-1) != nil {
		t.Errorf("the ring has a hole: %d entries up to %d", len(r.slots), r.head)
	}
	for range 5 {
		r.add(&message{seq: r.head + 1, data: make([]byte, ringBytes/3)})
	}
	if len(r.slots) != 2 {
		t.Errorf("%d large entries are kept", len(r.slots))
	}
	r.add(&message{seq: r.head + 1, data: make([]byte, 2*ringBytes)})
	if len(r.slots) != 1 || r.at(r.head) == nil {
		t.Errorf("%d entries are kept beside a huge one", len(r.slots))
	}
	r.reset(100)
	if len(r.slots) != 0 || r.size != 0 || r.head != 100 {
		t.Errorf("after a reset: %+v", r)
	}
}

// The property that all depends on: whatever the pace of writers and readers,
// wherever a reader starts, however often the tail starts again and connections
// break, every reader sees every entry after its start once, in order.
func TestEveryReaderSeesEverythingOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	s := newStore(t)
	const events, readers = 3000, 12
	ctx, cancel := context.WithCancel(t.Context())
	var around sync.WaitGroup
	around.Go(func() { restartTail(ctx, t, s) })
	around.Go(func() { breakConnections(ctx, t, s) })
	written := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 2 {
		w := &writer{s: s, id: fmt.Sprintf("source-%d", i), feed: feedA}
		writers.Go(func() { w.persist(t, events/2) })
	}
	var all sync.WaitGroup
	for i := range readers {
		all.Go(func() {
			if err := readWithMoods(ctx, s, i, written); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	writers.Wait()
	close(written)
	all.Wait()
	cancel()
	around.Wait()
}

// persist appends until so many events are stored, whatever comes between.
func (w *writer) persist(t *testing.T, events uint64) {
	t.Helper()
	for w.state.LastSequence < events {
		if w.append(t, w.page(rand.IntN(5))) == nil {
			continue
		}
		for {
			snapshot, err := w.s.Load(t.Context(), w.id)
			if err == nil {
				w.fence, w.state = snapshot.Fence, snapshot.Feeds[w.feed]
				break
			}
			rest(t.Context(), 10*time.Millisecond)
		}
	}
}

// breakConnections breaks the journal's connections now and then until ctx ends.
func breakConnections(ctx context.Context, t *testing.T, s *store) {
	t.Helper()
	for n := 0; ctx.Err() == nil; n++ {
		rest(ctx, time.Duration(100+rand.IntN(300))*time.Millisecond)
		conn := s.direct.conn
		if n%2 == 0 {
			conn = s.engine.Conn()
		}
		if err := conn.ForceReconnect(); err != nil {
			t.Error(err)
		}
	}
}

// restartTail runs the tail in short spells until ctx ends.
func restartTail(ctx context.Context, t *testing.T, s *store) {
	t.Helper()
	for ctx.Err() == nil {
		spell, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(200))*time.Millisecond)
		if err := s.Run(spell); err != nil {
			t.Error(err)
		}
		cancel()
	}
}

// readWithMoods reads up to the last entry, at times fast, at times slow, and
// starts anew from a token now and then.
func readWithMoods(ctx context.Context, s *store, seed int, written <-chan struct{}) error {
	dice := rand.New(rand.NewPCG(uint64(seed), 7))
	next := uint64(dice.IntN(3)) * 100
	r := s.Read(audit.Position{Sequence: next, Whole: true})
	next++
	defer func() { r.Close() }()
	ordinals := map[string]uint64{}
	for !reached(ctx, s, next, written) {
		patience, cancel := context.WithTimeout(ctx, time.Duration(dice.IntN(100))*time.Millisecond)
		e, err := r.Next(patience)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) || audit.IsKind(err, audit.KindUnavailable) {
			continue
		}
		if err != nil {
			return err
		}
		if e.Sequence != next || len(e.Gaps) > 0 {
			return fmt.Errorf("entry %d came instead of %d", e.Sequence, next)
		}
		next++
		for i := e.First; i < e.Events.Len(); i++ {
			got := ordinalOf(e, i)
			if had, ok := ordinals[e.SourceID]; ok && got != had+1 {
				return fmt.Errorf("ordinal %d follows %d", got, had)
			}
			ordinals[e.SourceID] = got
		}
		switch dice.IntN(100) {
		case 0:
			rest(ctx, time.Duration(dice.IntN(300))*time.Millisecond)
		case 1:
			// From here, or from within the entry.
			n := dice.IntN(e.Events.Len() + 1)
			position, err := s.ParseToken(s.Token(e.After(n)))
			if err != nil {
				return err
			}
			if err := s.Verify(ctx, position); err != nil && !audit.IsKind(err, audit.KindUnavailable) {
				return err
			}
			r.Close()
			if r = s.Read(position); !position.Whole {
				next = e.Sequence
				ordinals[e.SourceID] = ordinalOf(e, n) - 1
			}
		}
	}
	return nil
}

// ordinalOf is the sequence of one of the entry's events, 0 where it is damaged.
func ordinalOf(e *audit.Entry, i int) uint64 {
	var f wire.Facts
	if e.Events.Event(i).Facts(&f) != nil {
		return 0
	}
	return f.Sequence
}

// reached says that everything is written and was read.
func reached(ctx context.Context, s *store, next uint64, written <-chan struct{}) bool {
	select {
	case <-written:
	default:
		return false
	}
	head, err := s.Head(ctx)
	return err == nil && next > head
}
