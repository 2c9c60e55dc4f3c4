package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// dial connects the client library, and waits until the connection stands.
func dial(ctx context.Context, address string) (*client.Client, error) {
	caller, err := client.New(client.Config{Address: address})
	if err != nil {
		return nil, err
	}
	conn := caller.Conn()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", address, ctx.Err()), caller.Close())
		}
	}
	return caller, nil
}

// dialAll makes so many connections. Those that it made come with an error too.
func dialAll(ctx context.Context, address string, n int) (callers []*client.Client, err error) {
	for range n {
		caller, err := dial(ctx, address)
		if err != nil {
			return callers, err
		}
		callers = append(callers, caller)
	}
	return callers, nil
}

func hangUp(callers []*client.Client) error {
	var errs []error
	for _, caller := range callers {
		errs = append(errs, caller.Close())
	}
	return errors.Join(errs...)
}

// fromEarliest asks for the whole journal and its end.
func fromEarliest(include []*snykstreamv1.EventFilter) *snykstreamv1.StreamEventsRequest {
	return &snykstreamv1.StreamEventsRequest{
		Include:          include,
		Start:            &snykstreamv1.StreamEventsRequest_Position{Position: snykstreamv1.StartPosition_START_POSITION_EARLIEST},
		StopWhenCaughtUp: true,
	}
}

// load is what subscribers read at the same time, each on a connection of its own.
type load struct {
	address     string
	subscribers int
	// events is how many each of them is to receive.
	events int
	kind   kind
}

// read is what came of a load.
type read struct {
	// received counts the events of all subscribers, considered those of the journal
	// that the server looked at for them.
	received, considered int
	took                 time.Duration
	// processor is the time of all processors that the whole process used meanwhile,
	// servers and subscribers.
	processor time.Duration
}

func (r read) cost() float64        { return r.processor.Seconds() * 1e6 / float64(r.received) }
func (r read) rate() float64        { return float64(r.received) / r.took.Seconds() }
func (r read) considering() float64 { return float64(r.considered) / r.took.Seconds() }

// run has the subscribers read, and measures from the calls' begin until the last of
// them has what it is to receive. Messages are decoded as usual and let go.
func (l load) run(ctx context.Context) (total read, err error) {
	callers, err := dialAll(ctx, l.address, l.subscribers)
	defer func() { err = errors.Join(err, hangUp(callers)) }()
	if err != nil {
		return read{}, err
	}
	results := make([]read, l.subscribers)
	runtime.GC()
	began, used := time.Now(), processorTime()
	group, ctx := errgroup.WithContext(ctx)
	for i, caller := range callers {
		group.Go(func() (err error) {
			results[i], err = l.subscribe(ctx, caller)
			results[i].took = time.Since(began)
			return err
		})
	}
	err = group.Wait()
	total.processor = processorTime() - used
	for _, r := range results {
		total.received, total.considered = total.received+r.received, total.considered+r.considered
		total.took = max(total.took, r.took)
	}
	return total, err
}

// subscribe reads one stream until it has what it is to receive.
func (l load) subscribe(ctx context.Context, caller *client.Client) (read, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, poolKey, l.kind.passing)
	stream, err := caller.Events().StreamEvents(ctx, fromEarliest(l.kind.include))
	if err != nil {
		return read{}, err
	}
	var got read
	for got.received < l.events {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return got, fmt.Errorf("the stream ended after %d events of %d", got.received, l.events)
		}
		if err != nil {
			return got, err
		}
		if events := message.GetEvents(); len(events) > 0 {
			got.received += len(events)
			got.considered = count(events[len(events)-1].GetSequence())
		}
	}
	return got, nil
}
