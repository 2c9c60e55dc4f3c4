package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

const infoSubject = "$JS.API.STREAM.INFO." + streamName

// extent is what the journal holds: entries first to last. It holds none where
// first is last+1.
type extent struct{ first, last uint64 }

// extents asks the stream's leader what the journal holds. Those who ask at once
// share an answer, but only one that was asked for after each of them came: what
// was stored before the call is always in it.
type extents struct {
	conn *nats.Conn
	// turn is held by whoever is asking.
	turn chan struct{}

	mu sync.Mutex
	// next is the asking that has not begun; guarded by mu.
	next *asking
}

// asking is one request and those who wait for it.
type asking struct {
	done   chan struct{}
	extent extent
	err    error
}

func newExtents(conn *nats.Conn) *extents {
	return &extents{conn: conn, turn: make(chan struct{}, 1)}
}

func (x *extents) get(ctx context.Context) (extent, error) {
	for {
		a := x.join()
		select {
		case x.turn <- struct{}{}:
			x.run(ctx, a)
			<-x.turn
		case <-a.done:
		case <-ctx.Done():
			return extent{}, ctx.Err()
		}
		if isContext(a.err) && ctx.Err() == nil {
			continue // it was another caller's context that ended
		}
		return a.extent, a.err
	}
}

// join returns the asking that has not begun.
func (x *extents) join() *asking {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.next == nil {
		x.next = &asking{done: make(chan struct{})}
	}
	return x.next
}

// run asks for everyone who joined, unless somebody has.
func (x *extents) run(ctx context.Context, a *asking) {
	x.mu.Lock()
	begun := x.next != a
	if !begun {
		x.next = nil
	}
	x.mu.Unlock()
	if begun {
		// Its turn is over, since it is ours.
		return
	}
	a.extent, a.err = x.ask(ctx)
	close(a.done)
}

func (x *extents) ask(ctx context.Context) (extent, error) {
	limited, cancel := context.WithTimeout(ctx, directTimeout)
	defer cancel()
	msg, err := x.conn.RequestWithContext(limited, infoSubject, nil)
	if isContext(err) && ctx.Err() == nil {
		err = nats.ErrTimeout // our own limit, not the caller's
	}
	if err != nil {
		return extent{}, err
	}
	var info struct {
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
		State *struct {
			Messages uint64 `json:"messages"`
			FirstSeq uint64 `json:"first_seq"`
			LastSeq  uint64 `json:"last_seq"`
		} `json:"state"`
	}
	if err := json.Unmarshal(msg.Data, &info); err != nil {
		return extent{}, fmt.Errorf("the store's account of the journal: %w", err)
	}
	if info.Error != nil {
		return extent{}, fmt.Errorf("the store's account of the journal: %s", info.Error.Description)
	}
	if info.State == nil {
		return extent{}, errors.New("the store's account of the journal is empty")
	}
	if info.State.Messages == 0 {
		return extent{first: info.State.LastSeq + 1, last: info.State.LastSeq}, nil
	}
	return extent{first: info.State.FirstSeq, last: info.State.LastSeq}, nil
}

// extent is what the journal holds now.
func (j *Journal) extent(ctx context.Context) (extent, error) {
	x, err := j.extents.get(ctx)
	if err != nil {
		return extent{}, unavailable(ctx, "asking what the journal holds", err)
	}
	return x, nil
}

// Head returns the sequence of the journal's last entry, 0 before the first one.
// Whatever was appended before the call is counted. Callers at one time share
// requests, so calling it often costs little.
//
// Errors: KindUnavailable; ctx's.
func (j *Journal) Head(ctx context.Context) (uint64, error) {
	x, err := j.extent(ctx)
	return x.last, err
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
