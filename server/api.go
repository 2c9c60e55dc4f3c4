package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/grpcapi"
	"github.com/snykstream/snykstream/internal/telemetry"
)

// openAPI builds the gRPC server with every service on it.
func (h *house) openAPI(_ context.Context, cfg Config, metrics *telemetry.Metrics) error {
	services, err := h.services(cfg, metrics)
	if err != nil {
		return err
	}
	creds, err := transport(cfg.Config, cfg.Log)
	if err != nil {
		return err
	}
	validator, err := grpcapi.NewValidator(time.Now)
	if err != nil {
		return fmt.Errorf("set up the validation of requests: %w", err)
	}
	options := grpcapi.ServerOptions(grpcapi.ServerConfig{
		Log: cfg.Log, Validator: validator, Metrics: metrics.GRPC,
		MaxStreamsPerCaller: cfg.MaxStreamsPerCaller, Refusals: metrics,
		MaxConnectionAge: cfg.MaxConnectionAge, Drain: h.draining,
	})
	h.api = grpc.NewServer(append(options, grpc.Creds(creds))...)
	grpcapi.Register(h.api, services)
	h.probes = health.NewServer()
	healthpb.RegisterHealthServer(h.api, probes{h.probes})
	reflection.Register(h.api)
	for name := range h.api.GetServiceInfo() {
		h.probes.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	metrics.GRPC.InitializeMetrics(h.api)
	metrics.Observe(h.sources)
	return nil
}

func (h *house) services(cfg Config, metrics *telemetry.Metrics) (grpcapi.Services, error) {
	sources, err := grpcapi.NewSourceService(grpcapi.SourceConfig{
		Sources: h.registry, Vacancies: h.registry, Vault: h.registry, Checker: h.clients, Statuses: h.board,
		Ledgers: ledgers{journal: h.journal, board: h.board}, Fencer: h.journal, Log: cfg.Log,
	})
	if err != nil {
		return grpcapi.Services{}, err
	}
	events, err := grpcapi.NewEventService(grpcapi.EventsConfig{
		Positions: h.journal, Tokens: h.journal,
		Read:   func(at audit.Position) grpcapi.EntryReader { return metrics.MeterReader(h.journal.Read(at)) },
		Labels: h.registry.Labels, States: h.state, Progress: h.board, Retention: cfg.Retention,
		Drain: h.draining, Metrics: metrics, Log: cfg.Log,
	})
	if err != nil {
		return grpcapi.Services{}, err
	}
	return grpcapi.Services{Source: sources, Event: events, Schema: grpcapi.NewSchemaService(audit.Schemas())}, nil
}

// sources are all sources with their status and the interval they ask for, for
// metrics.
func (h *house) sources() []*snykstreamv1.Source {
	var all []*snykstreamv1.Source
	for _, rec := range h.registry.CachedAll() {
		all = append(all, &snykstreamv1.Source{
			Id: rec.ID(), Snyk: &snykstreamv1.SnykConfig{PollInterval: durationpb.New(rec.PollInterval())}, Status: h.board.Status(rec),
		})
	}
	return all
}

// state is how a source is doing now.
func (h *house) state(sourceID string) snykstreamv1.SourceState {
	rec, ok := h.registry.Cached(sourceID)
	if !ok || rec.Deleted() {
		return snykstreamv1.SourceState_SOURCE_STATE_UNSPECIFIED
	}
	return h.board.State(rec)
}

// serve answers calls until drain has ended them.
func (h *house) serve(listener net.Listener) error {
	// A stop that comes before the first call is a stop like any other.
	if err := h.api.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve gRPC calls: %w", err)
	}
	return nil
}

// drain ends the streams with their last token, and cuts off what has not ended
// in time: a caller that does not read would hold the stop for ever.
func (h *house) drain(within time.Duration) {
	h.probes.Shutdown()
	close(h.draining)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		h.api.GracefulStop()
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-stopped:
	case <-timer.C:
		h.api.Stop()
		<-stopped
	}
}
