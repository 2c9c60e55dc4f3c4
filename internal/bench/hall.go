package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/grpcapi"
	"github.com/snykstream/snykstream/internal/health"
	"github.com/snykstream/snykstream/internal/telemetry"
)

// hall is a server whose journal can be appended to from here: EventService over a
// journal of this process, with the metrics, interceptors and options that
// snykstreamd gives it, on a real listener. What it lacks is the collector and the
// registry of sources. A whole server locks its journal away, and a simulated Snyk in
// front of it would hide how long the way out takes behind the poll interval.
type hall struct {
	*store
	address string
	api     *grpc.Server
	stop    context.CancelFunc
	drain   chan struct{}
	// ended gets what the tail and the listener ended with.
	ended chan error
}

func openHall(ctx context.Context, dir string) (*hall, error) {
	s, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	h := &hall{store: s, drain: make(chan struct{}), ended: make(chan error, 2)}
	h.api, err = h.services()
	if err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), s.close(ctx))
	}
	h.address = listener.Addr().String()
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	go func() { h.ended <- s.journal.Run(keeping) }()
	go func() { h.ended <- h.api.Serve(listener) }()
	return h, nil
}

func (h *hall) services() (*grpc.Server, error) {
	metrics := telemetry.NewMetrics()
	events, err := grpcapi.NewEventService(grpcapi.EventsConfig{
		Positions: h.journal, Tokens: h.journal,
		Read:     func(at audit.Position) grpcapi.EntryReader { return metrics.MeterReader(h.journal.Read(at)) },
		Labels:   func(string) map[string]string { return nil },
		States:   func(string) snykstreamv1.SourceState { return snykstreamv1.SourceState_SOURCE_STATE_HEALTHY },
		Progress: &health.Board{}, Retention: config.DefaultRetention,
		Drain: h.drain, Metrics: metrics, Log: faults(),
	})
	if err != nil {
		return nil, err
	}
	validator, err := grpcapi.NewValidator(time.Now)
	if err != nil {
		return nil, err
	}
	api := grpc.NewServer(grpcapi.ServerOptions(grpcapi.ServerConfig{Log: faults(), Validator: validator, Metrics: metrics.GRPC})...)
	snykstreamv1.RegisterEventServiceServer(api, events)
	return api, nil
}

// shut ends the calls and closes the journal.
func (h *hall) shut(ctx context.Context) error {
	close(h.drain)
	h.api.Stop()
	h.stop()
	return errors.Join(<-h.ended, <-h.ended, h.close(ctx))
}
