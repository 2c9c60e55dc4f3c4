package grpcapi

import (
	"context"
	"sync"
)

// maxExplanations bounds how many are made at a time: each reads the journal as fast
// as it can, and streams are not to wait for that.
const maxExplanations = 2

// turns lets explanations run, so many at a time, and one of each caller: who asks
// much waits for oneself.
type turns struct {
	places chan struct{}
	drain  <-chan struct{}

	mu sync.Mutex
	// queues has a place for each caller who runs or waits; guarded by mu.
	queues map[caller]*queue
}

// queue is a caller's one place, and how many run or wait for it, under turns.mu.
type queue struct {
	place chan struct{}
	users int
}

func newTurns(drain <-chan struct{}) *turns {
	return &turns{places: make(chan struct{}, maxExplanations), drain: drain, queues: map[caller]*queue{}}
}

// take waits for a turn. done ends it.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	who := callerOf(ctx)
	q := t.join(who)
	if err := t.enter(ctx, q.place); err != nil {
		t.leave(who)
		return nil, err
	}
	if err := t.enter(ctx, t.places); err != nil {
		<-q.place
		t.leave(who)
		return nil, err
	}
	return func() {
		<-t.places
		<-q.place
		t.leave(who)
	}, nil
}

func (t *turns) enter(ctx context.Context, place chan<- struct{}) error {
	select {
	case place <- struct{}{}:
		return nil
	case <-t.drain:
		return errDraining()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turns) join(who caller) *queue {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queues[who] == nil {
		t.queues[who] = &queue{place: make(chan struct{}, 1)}
	}
	t.queues[who].users++
	return t.queues[who]
}

func (t *turns) leave(who caller) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queues[who].users--
	if t.queues[who].users == 0 {
		delete(t.queues, who)
	}
}
