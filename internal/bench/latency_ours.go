package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// ours measures from the begin of an append to the receipt of its message by gRPC
// clients, each on a connection of its own, who decode it.
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
		group.Go(func() error { return follow(ctx, h.address, receivers[i], ready) })
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
func follow(ctx context.Context, address string, r *receiver, ready chan<- struct{}) (err error) {
	caller, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, caller.Close()) }()
	stream, err := caller.Events().StreamEvents(ctx, &snykstreamv1.StreamEventsRequest{})
	if err != nil {
		return err
	}
	if _, err := stream.Recv(); err != nil {
		return err
	}
	ready <- struct{}{}
	for !r.done() {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, event := range message.GetEvents() {
			if event.GetSequence()%appendEvents != 0 {
				continue
			}
			// The last event of an append.
			if err := r.got(count(event.GetSequence()/appendEvents) - 1); err != nil {
				return fmt.Errorf("a subscriber: %w", err)
			}
		}
	}
	return nil
}
