package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/telemetry"
)

// drainTime bounds the stop: streams that have not ended by then are cut off.
const drainTime = 6 * time.Second

// Config is what a server is made of.
type Config struct {
	config.Config

	// Log is required.
	Log *slog.Logger
}

// Server is one snykstream server on one data folder.
type Server struct {
	cfg     Config
	metrics *telemetry.Metrics
	api     net.Listener
	admin   *admin
	ready   chan struct{}
}

// New checks the configuration and takes the addresses, so that what is wrong
// with them is known at once. Run must be called, and gives them back.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		return nil, errors.New("server: a log is required")
	}
	if _, err := transport(cfg.Config, cfg.Log); err != nil {
		return nil, err
	}
	api, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for gRPC calls: %w", err)
	}
	metrics := telemetry.NewMetrics()
	admin, err := newAdmin(ctx, cfg.AdminListen, metrics)
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	return &Server{cfg: cfg, metrics: metrics, api: api, admin: admin, ready: make(chan struct{})}, nil
}

// Addr is the address of the gRPC services.
func (s *Server) Addr() net.Addr { return s.api.Addr() }

// AdminAddr is the address of metrics and probes.
func (s *Server) AdminAddr() net.Addr { return s.admin.listener.Addr() }

// Ready is closed once calls are served.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Run serves until ctx ends, then drains: streams get their last token, polls end
// or are abandoned, and the store is closed. A stop is no error, whenever it comes;
// that a part of the server failed is. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	// The rooms end in turn, not with ctx: see live.
	group, living := errgroup.WithContext(context.WithoutCancel(ctx))
	group.Go(s.admin.serve)
	house, err := open(ctx, s.cfg, s.metrics)
	switch {
	case err == nil:
		s.live(ctx, living, group, house)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		s.cfg.Log.InfoContext(ctx, "stopped while starting", slog.Any("error", err))
		err = nil // a stop like any other
	}
	err = errors.Join(err, s.admin.close(context.WithoutCancel(ctx)), group.Wait())
	if house != nil {
		err = errors.Join(err, house.close(context.WithoutCancel(ctx)))
	}
	return errors.Join(err, closed(s.api.Close()))
}

// live runs the rooms in group until ctx ends or one of them fails, and then
// stops them: first what brings work, last what keeps it.
func (s *Server) live(ctx, living context.Context, group *errgroup.Group, h *house) {
	collecting, stopCollecting := context.WithCancel(living)
	defer stopCollecting()
	keeping, stopKeeping := context.WithCancel(living)
	defer stopKeeping()

	group.Go(until(keeping, h.journal.Run))
	group.Go(until(keeping, h.registry.Run))
	group.Go(until(collecting, h.supervisor.Run))
	group.Go(func() error { return h.serve(s.api) })

	s.admin.ready.Store(true)
	close(s.ready)
	s.cfg.Log.InfoContext(ctx, "serving",
		slog.String("grpc", s.Addr().String()), slog.String("admin", s.AdminAddr().String()))
	s.warn(ctx)
	select {
	case <-ctx.Done():
		s.cfg.Log.InfoContext(ctx, "stopping: streams get their last token")
	case <-living.Done():
		s.cfg.Log.ErrorContext(ctx, "stopping: a part of the server failed", slog.Any("error", context.Cause(living)))
	}
	s.admin.ready.Store(false)
	stopCollecting()
	h.drain(drainTime)
}

// warn says what is allowed and likely not meant.
func (s *Server) warn(ctx context.Context) {
	if at, ok := s.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() && s.cfg.TLSClientCA == "" {
		s.cfg.Log.WarnContext(ctx, "whoever can connect may call everything, new sources included: set --tls-client-ca")
	}
}

// until runs a room until ctx ends; that it ended is then no error.
func until(ctx context.Context, run func(context.Context) error) func() error {
	return func() error {
		if err := run(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	}
}

// closed passes over what a listener says that is closed already.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
