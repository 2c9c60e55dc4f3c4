package main

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// ours measures from the begin of an append to the receipt of its message by gRPC
// clients, each on a connection of its own. The first decodes its messages. The others
// do not, as the limit's subscribers do not: what a hundred of them would spend on it is
// spent on other machines in earnest, and here on the cores that the server needs.
func (l live) ours(ctx context.Context) (ms []float64, behind string, err error) {
	dir, err := l.folder("latency")
	if err != nil {
		return nil, "", err
	}
	h, err := openHall(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, h.shut(ctx)) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := l.pace()
	group, ctx := errgroup.WithContext(ctx)
	receivers, ready := make([]*receiver, l.subscribers), make(chan struct{}, l.subscribers)
	for i := range receivers {
		receivers[i] = &receiver{pacer: p}
		group.Go(func() error { return follow(ctx, h.address, receivers[i], i == 0, ready) })
	}
	group.Go(func() error {
		for range receivers {
			select {
			case <-ready:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return p.run(ctx, h.prepare)
	})
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	return waits(receivers), p.behind(), nil
}

// prepare makes the append of a few events that happen now.
func (h *hall) prepare() (send, error) {
	page := nextPage(h.state, appendEvents, func(int) time.Time { return time.Now() })
	return func(ctx context.Context) error { return h.append(ctx, page) }, nil
}

// follow receives live events until the last of the pacer's is there. It says that it
// is ready when it has caught up.
func follow(ctx context.Context, address string, r *receiver, decode bool, ready chan<- struct{}) (err error) {
	caller, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, caller.Close()) }()
	next, err := receive(ctx, caller, decode)
	if err != nil {
		return err
	}
	if _, err := next(); err != nil {
		return err
	}
	ready <- struct{}{}
	for got := 0; !r.done(); {
		events, err := next()
		if err != nil {
			return err
		}
		// Of an append that came in two messages the second one counts.
		for got += events; got >= appendEvents && !r.done(); got -= appendEvents {
			r.got()
		}
	}
	return nil
}
