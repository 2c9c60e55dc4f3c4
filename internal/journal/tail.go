package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// tailIdle is how often the tail looks for itself, in case the store's word
	// that something was stored did not come through.
	tailIdle = time.Second
	// The tail's pauses after errors.
	tailBackoff    = 50 * time.Millisecond
	tailBackoffMax = 5 * time.Second
)

const (
	// How much a reading of the tail takes at a time.
	readBatch = 64
	readBytes = 1 << 20
	// maxEarly bounds the entries that wait for others; earlyBytes bounds what they
	// take, but for the last one.
	maxEarly   = 64
	earlyBytes = ringBytes
)

// tail is what all readers at the journal's end share: the newest entries. Those
// that this process appends are handed to it, others are read from the store, once.
type tail struct {
	mu sync.Mutex
	// ring, early, started and changed are guarded by mu.
	ring    ring
	started bool
	// early are entries handed over before those that precede them.
	early map[uint64]*message
	// changed is closed, and replaced, whenever the head moves.
	changed chan struct{}
	// running says that Run is under way; guarded by mu.
	running bool
}

func newTail() *tail { return &tail{changed: make(chan struct{}), early: map[uint64]*message{}} }

// look returns the entry at a sequence if the tail keeps it. Otherwise it says
// whether the sequence lies beyond the tail's head, and what to wait for then.
func (t *tail) look(sequence uint64) (s *slot, beyond bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ring.at(sequence), t.started && sequence > t.ring.head, t.changed
}

// add takes entries read from the store. Some may have been handed over meanwhile.
func (t *tail) add(messages []message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range messages {
		if messages[i].seq > t.ring.head {
			t.ring.add(&messages[i])
		}
	}
	t.advanced()
}

// offer takes an entry that was just stored. Appends end in any order: one that
// comes before its predecessor waits for it, or for the tail to read it.
func (t *tail) offer(m *message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.started || m.seq <= t.ring.head:
	case m.seq == t.ring.head+1:
		t.ring.add(m)
		t.advanced()
	case len(t.early) < maxEarly && t.earlySize() < earlyBytes:
		t.early[m.seq] = m
	}
}

// earlySize is what the entries that wait take. t.mu is held.
func (t *tail) earlySize() int {
	size := 0
	for _, m := range t.early {
		size += m.size()
	}
	return size
}

// advanced takes the entries that have waited for the head to come to them, and
// wakes the readers. t.mu is held.
func (t *tail) advanced() {
	for m := t.early[t.ring.head+1]; m != nil; m = t.early[t.ring.head+1] {
		t.ring.add(m)
	}
	maps.DeleteFunc(t.early, func(sequence uint64, _ *message) bool { return sequence <= t.ring.head })
	t.notify()
}

// begin sets the head on the first start; later ones go on from where the tail
// is.
func (t *tail) begin(head uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.started {
		t.started = true
		t.ring.reset(head)
		t.notify()
	}
}

// skip moves the head past entries that were gone before they were seen.
func (t *tail) skip(head uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if head > t.ring.head {
		t.ring.reset(head)
		t.advanced()
	}
}

// notify wakes the readers. t.mu is held.
func (t *tail) notify() {
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *tail) head() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ring.head
}

// claim makes sure that only one Run is under way.
func (t *tail) claim() (release func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running {
		return nil, false
	}
	t.running = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.running = false
	}, true
}

// Run follows the journal's end for all readers until ctx ends, and returns nil
// then. It reconnects by itself. It may be started again after it returned, but
// only one may run. While it does not, readers at the end wait for it.
//
// It gives up, with an error, where the store has: a process that can store
// nothing until it is started again must end, or nobody will start it again.
func (j *Journal) Run(ctx context.Context) error {
	release, ok := j.tail.claim()
	if !ok {
		return errors.New("the journal's tail is already running")
	}
	defer release()
	pause := tailBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := j.follow(ctx)
		if ctx.Err() != nil {
			break
		}
		if broken := j.cfg.Engine.Broken(); broken != nil {
			return fmt.Errorf("following the journal: %w", broken)
		}
		if time.Since(began) > tailBackoffMax {
			pause = tailBackoff
		}
		j.cfg.Log.WarnContext(ctx, "the journal's tail starts again", slog.Any("error", err), slog.Duration("pause", pause))
		rest(ctx, pause)
		pause = min(2*pause, tailBackoffMax)
	}
	return nil
}

// follow reads entries as they are stored, until an error.
func (j *Journal) follow(ctx context.Context) error {
	woken := make(chan struct{}, 1)
	sub, err := j.cfg.Engine.Conn().Subscribe(hintSubject, func(hint *nats.Msg) {
		if sequence, err := strconv.ParseUint(string(hint.Data), 10, 64); err == nil && sequence <= j.tail.head() {
			return // it is here already
		}
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer sub.Unsubscribe() //nolint:errcheck // fails only on a closed connection, which ends it too
	for {
		// After subscribing, so that nothing lies between what is read and what is
		// announced.
		if err := errors.Join(j.advance(ctx), j.cfg.Engine.Broken()); err != nil {
			return err
		}
		idle := time.NewTimer(tailIdle)
		select {
		case <-woken:
		case <-idle.C:
		case <-ctx.Done():
		}
		idle.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// advance reads up to the journal's end.
func (j *Journal) advance(ctx context.Context) error {
	x, err := j.extent(ctx)
	if err != nil {
		return err
	}
	j.tail.begin(x.last)
	for j.tail.head() < x.last {
		got, err := j.direct.next(ctx, getRequest{Seq: j.tail.head() + 1, Batch: readBatch, MaxBytes: readBytes})
		if err != nil {
			return err
		}
		if len(got.messages) == 0 {
			// Readers find out themselves what became of the entries.
			j.tail.skip(x.last)
			return nil
		}
		j.tail.add(got.messages)
	}
	return nil
}

// rest waits, unless ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
