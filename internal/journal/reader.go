package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// readTries is how often a reader asks a store that fails before it says so.
	readTries = 5
	// readBackoff is the pause after the first failure; it doubles.
	readBackoff = 50 * time.Millisecond
)

// Reader reads the journal's entries in order, each once. It takes them from the
// tail that all share where it is near the end, and from the store elsewhere. It
// holds nothing in the store, and little here, however long it is left alone. It
// is for one goroutine at a time.
type Reader struct {
	journal *Journal
	// next is the sequence to deliver, skip how many of its events the reader's
	// position has considered.
	next uint64
	skip int
	// ahead reads the store: the first message that is ready is at next or behind a
	// hole.
	ahead ahead
}

// Read starts a reader at a position. Verify tells whether the position is good:
// a reader that starts where retention has passed says so at once, one ahead of
// the journal waits for it.
func (j *Journal) Read(position audit.Position) *Reader {
	r := &Reader{journal: j, next: nextOf(position), ahead: ahead{direct: j.direct}}
	if !position.Whole && position.Sequence > 0 {
		r.skip = position.Events
	}
	return r
}

// Next returns the next entry, and waits for it where there is none yet. Entries
// without records, control entries among them, are returned too: they move the
// position. A hole in the sequence is an entry with a gap alone, whose sequence
// is the last one missing.
//
// An entry stored after the reader reached the end is delivered by the tail: Run
// must be under way.
//
// Errors: ctx's, KindUnavailable where the store cannot be read, KindOutOfRange
// with TOKEN_EXPIRED where retention has passed the reader. After any of them
// Next may be called again: nothing is lost.
func (r *Reader) Next(ctx context.Context) (*audit.Entry, error) {
	failures := 0
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		entry, wait, err := r.step(ctx)
		switch {
		case entry != nil:
			return r.deliver(entry), nil
		case err == nil:
			select {
			case <-wait:
			case <-ctx.Done():
			}
		case failures < readTries && ctx.Err() == nil && audit.IsKind(err, audit.KindUnavailable):
			rest(ctx, readBackoff<<failures)
			failures++
		default:
			return nil, err
		}
	}
}

// step returns the next entry, or what to wait for before trying again.
func (r *Reader) step(ctx context.Context) (*audit.Entry, <-chan struct{}, error) {
	wait := closed
	if r.ahead.idle() {
		slot, beyond, changed := r.journal.tail.look(r.next)
		if slot != nil {
			return slot.get(r.journal.cfg.Log), nil, nil
		}
		if wait = changed; beyond {
			return nil, wait, nil
		}
	}
	if err := r.ahead.fill(ctx, r.next); err != nil {
		return nil, nil, unavailable(ctx, "reading the journal", err)
	}
	if len(r.ahead.ready) > 0 {
		entry, err := r.take(ctx)
		return entry, nil, err
	}
	judged, through, err := r.journal.explain(ctx, r.next, 0)
	switch {
	case err != nil:
		return nil, nil, err
	case judged == missing:
		return lost(through), nil, nil
	case judged == appeared:
		wait = closed
	}
	return nil, wait, nil
}

// closed makes a reader try again at once.
var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// take takes the next message that was read ahead, or tells of the hole before
// it.
func (r *Reader) take(ctx context.Context) (*audit.Entry, error) {
	m := &r.ahead.ready[0]
	if m.seq != r.next {
		_, through, err := r.journal.explain(ctx, r.next, m.seq)
		if err != nil {
			return nil, err
		}
		return lost(through), nil
	}
	entry := decodeOrLose(m, r.journal.cfg.Log)
	r.ahead.pop()
	return entry, nil
}

// deliver moves the reader past the entry.
func (r *Reader) deliver(entry *audit.Entry) *audit.Entry {
	if r.skip > 0 && entry.Sequence == r.next {
		own := *entry // the entry is shared
		own.First = min(r.skip, own.Events.Len())
		entry = &own
	}
	r.next, r.skip = entry.Sequence+1, 0
	return entry
}

// Close lets go of what was read ahead. The reader is at its end.
func (r *Reader) Close() { r.ahead.close() }
