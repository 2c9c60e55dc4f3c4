package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// subscribeAsChild holds streams open from a process of its own, so that only the
// server is in the process that is measured.
func subscribeAsChild(ctx context.Context, o orders, in *bufio.Reader, out io.Writer) (err error) {
	callers, err := dialAll(ctx, o.Address, o.Connections)
	defer func() { err = errors.Join(err, hangUp(callers)) }()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(ctx, poolKey, o.Pool))
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan struct{}, o.Streams)
	for i := range o.Streams {
		group.Go(func() error { return o.hold(ctx, callers[i%len(callers)], ready) })
	}
	group.Go(func() error {
		for range o.Streams {
			select {
			case <-ready:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := say(out, "ready"); err != nil {
			return err
		}
		untilEnd(in)
		cancel()
		return nil
	})
	if err := group.Wait(); !canceled(err) {
		return err
	}
	return nil
}

// hold reads a stream until ctx ends, and says when its first message is there.
func (o orders) hold(ctx context.Context, caller *client.Client, ready chan<- struct{}) error {
	for {
		request := &snykstreamv1.StreamEventsRequest{HeartbeatInterval: durationpb.New(time.Minute)}
		if o.Replay {
			request = fromEarliest(nil)
		}
		stream, err := caller.Events().StreamEvents(ctx, request)
		if err != nil {
			return err
		}
		for {
			_, err := stream.Recv()
			if errors.Is(err, io.EOF) && o.Replay {
				break
			}
			if err != nil {
				return err
			}
			select {
			case ready <- struct{}{}:
			default:
			}
		}
	}
}
