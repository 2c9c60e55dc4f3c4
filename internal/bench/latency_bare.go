package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
)

// bare measures the same of JetStream alone: a synced stream in an embedded server set
// up as the journal's, an ordered consumer for each subscriber, on a connection of its
// own within the process. Messages are as large as the journal's; nobody decodes them.
func (l live) bare(ctx context.Context) (ms []float64, behind string, err error) {
	dir, err := l.folder("latency-bare")
	if err != nil {
		return nil, "", err
	}
	bare, err := openBareJetStream(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, bare.close(ctx)) }()
	p := l.pace()
	group, ctx := errgroup.WithContext(ctx)
	receivers := make([]*receiver, l.subscribers)
	for i := range receivers {
		receivers[i] = &receiver{pacer: p}
		if err := consume(ctx, bare.engine, receivers[i], group); err != nil {
			return nil, "", err
		}
	}
	group.Go(func() error {
		state := audit.FeedState{}
		return p.run(ctx, func() (send, error) {
			page := nextPage(state, appendEvents, historyTime)
			state = page.State
			data, err := entryBytes(page)
			return func(ctx context.Context) error { return bare.publish(ctx, data) }, err
		})
	})
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	return waits(receivers), p.behind(), nil
}

// consume has a consumer tell r of what arrives. group waits until everything has.
func consume(ctx context.Context, e *engine.Engine, r *receiver, group *errgroup.Group) error {
	conn, err := e.Connect("bench-subscriber")
	if err != nil {
		return err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	consumer, err := js.OrderedConsumer(ctx, bareStream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("make a consumer: %w", err)
	}
	ended := make(chan error, 1)
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		about, err := m.Metadata()
		if err == nil && count(about.Sequence.Stream) != r.next+1 {
			err = fmt.Errorf("message %d came where %d was to come", about.Sequence.Stream, r.next+1)
		}
		if err == nil {
			r.got()
		}
		if err != nil || r.done() {
			select {
			case ended <- err:
			default:
			}
		}
	})
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	group.Go(func() error {
		defer consuming.Stop()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return nil
}
