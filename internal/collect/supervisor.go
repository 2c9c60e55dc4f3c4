package collect

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Config is what a supervisor works with. All fields are required.
type Config struct {
	Sources Sources
	Journal Journal
	Dial    Dial
	Board   Board
	Log     *slog.Logger
}

// Supervisor runs a worker for every source that is to be collected.
type Supervisor struct {
	Config
	started time.Time
	// workers are the last ones started, by source. Only Run's watch touches it.
	workers map[string]*running
	budget  *budget
	wg      sync.WaitGroup
}

// running is a worker that was started.
type running struct {
	revision uint64
	stop     context.CancelFunc
	done     chan struct{}
}

// New makes a supervisor.
func New(cfg Config) (*Supervisor, error) {
	if cfg.Sources == nil || cfg.Journal == nil || cfg.Dial == nil || cfg.Board == nil || cfg.Log == nil {
		return nil, errors.New("collect: a field of Config is missing")
	}
	return &Supervisor{Config: cfg, workers: map[string]*running{}, budget: newBudget()}, nil
}

// Run collects until ctx ends, and returns once every worker has stored its
// progress and stopped.
func (s *Supervisor) Run(ctx context.Context) error {
	s.started = time.Now()
	// Workers end with the watch, however it ends.
	ctx, cancel := context.WithCancel(ctx)
	defer s.wg.Wait()
	defer cancel()
	return s.Sources.Watch(ctx, func(rec audit.SourceRecord) { s.apply(ctx, rec) })
}

// apply makes the worker of a source follow its record. It waits for nothing: a
// worker that takes its time to stop must not hold up the other sources.
func (s *Supervisor) apply(ctx context.Context, rec audit.SourceRecord) {
	old := s.workers[rec.ID()]
	if old != nil {
		if old.revision == rec.Revision {
			return
		}
		old.stop()
	}
	s.start(ctx, rec, old)
}

// work is what is to be done about a source as it is now.
func (s *Supervisor) work(rec audit.SourceRecord) func(context.Context) {
	switch {
	case rec.Deleted():
		return func(context.Context) { s.Board.Forget(rec.ID()) }
	case rec.Source.GetPaused():
		return (&worker{Config: s.Config, budget: s.budget, source: rec}).runPaused
	}
	return (&worker{Config: s.Config, budget: s.budget, source: rec, spread: s.unchanged(rec)}).run
}

// unchanged says that the source is as it was when the service started: its
// first poll can wait for its turn. A change polls at once.
func (s *Supervisor) unchanged(rec audit.SourceRecord) bool {
	return rec.Source.GetUpdateTime().AsTime().Before(s.started)
}

// start starts the worker that follows old. It waits for the old one to stop, so
// that its last words are not the source's.
func (s *Supervisor) start(ctx context.Context, rec audit.SourceRecord, old *running) {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{revision: rec.Revision, stop: cancel, done: make(chan struct{})}
	s.workers[rec.ID()] = r
	s.wg.Go(func() {
		defer close(r.done)
		defer cancel()
		if old != nil {
			<-old.done
		}
		s.work(rec)(ctx)
	})
}
