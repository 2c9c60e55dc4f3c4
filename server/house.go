package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/collect"
	"github.com/snykstream/snykstream/internal/engine"
	boards "github.com/snykstream/snykstream/internal/health"
	"github.com/snykstream/snykstream/internal/journal"
	"github.com/snykstream/snykstream/internal/registry"
	"github.com/snykstream/snykstream/internal/seal"
	"github.com/snykstream/snykstream/internal/snyk"
	"github.com/snykstream/snykstream/internal/telemetry"
)

// closeTime bounds the closing of the store.
const closeTime = 3 * time.Second

// house is every room, built and not yet running, but for the store.
type house struct {
	engine     *engine.Engine
	journal    *journal.Journal
	registry   *registry.Registry
	clients    *snyk.Clients
	board      *boards.Board
	supervisor *collect.Supervisor
	api        *grpc.Server
	probes     *health.Server
	// draining is closed when the server begins to stop.
	draining chan struct{}
}

// open opens the store and builds the rooms on it, from the ground up.
func open(ctx context.Context, cfg Config, metrics *telemetry.Metrics) (*house, error) {
	h := &house{board: &boards.Board{}, draining: make(chan struct{})}
	for _, build := range []func(context.Context, Config, *telemetry.Metrics) error{
		h.openStore, h.openSnyk, h.openCollector, h.openAPI,
	} {
		if err := build(ctx, cfg, metrics); err != nil {
			return nil, errors.Join(err, h.close(context.WithoutCancel(ctx)))
		}
	}
	return h, nil
}

func (h *house) openStore(ctx context.Context, cfg Config, _ *telemetry.Metrics) (err error) {
	if h.engine, err = engine.Open(ctx, engine.Config{DataDir: cfg.DataDir, Log: cfg.Log}); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	sealer, err := seal.Open(seal.Config{KeyFile: cfg.SealingKeyFile, DataDir: cfg.DataDir, Log: cfg.Log})
	if err != nil {
		return fmt.Errorf("open the sealing keys: %w", err)
	}
	h.registry, err = registry.Open(ctx, registry.Config{
		Engine: h.engine, Sealer: sealer, Retention: cfg.Retention, Log: cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("open the registry: %w", err)
	}
	h.journal, err = journal.Open(ctx, journal.Config{Engine: h.engine, Retention: cfg.Retention, Log: cfg.Log})
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	return nil
}

func (h *house) openSnyk(_ context.Context, cfg Config, _ *telemetry.Metrics) (err error) {
	h.clients, err = snyk.New(snyk.Config{Endpoints: cfg.SnykEndpoints, Budget: cfg.SnykBudget, Log: cfg.Log})
	if err != nil {
		return fmt.Errorf("set up Snyk's API: %w", err)
	}
	return nil
}

func (h *house) openCollector(_ context.Context, cfg Config, metrics *telemetry.Metrics) (err error) {
	h.supervisor, err = collect.New(collect.Config{
		Sources: h.registry, Journal: metrics.MeterJournal(h.journal), Board: metrics.MeterBoard(h.board), Log: cfg.Log,
		Dial: func(region snykstreamv1.Region, cred audit.Credential) collect.Snyk {
			return metrics.MeterSnyk(h.clients.For(region, cred))
		},
	})
	return err
}

// close gives back what open took.
func (h *house) close(ctx context.Context) error {
	if h.clients != nil {
		h.clients.Close()
	}
	if h.engine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	return h.engine.Close(ctx)
}
