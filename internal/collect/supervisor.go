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
	// workers are those running, by source. Only Run's watch touches it.
	workers map[string]*running
	wg      sync.WaitGroup
}

// running is a worker under way.
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
	return &Supervisor{Config: cfg, workers: map[string]*running{}}, nil
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

// apply makes the worker of a source follow its record. The old worker has
// stopped before a new one starts, so that its last checkpoint is not a surprise.
func (s *Supervisor) apply(ctx context.Context, rec audit.SourceRecord) {
	id := rec.ID()
	if old := s.workers[id]; old != nil {
		if old.revision == rec.Revision {
			return
		}
		old.stop()
		<-old.done
		delete(s.workers, id)
	}
	if rec.Deleted() {
		s.Board.Forget(id)
		return
	}
	work := (&worker{Config: s.Config, source: rec, spread: s.unchanged(rec)}).run
	if rec.Source.GetPaused() {
		work = (&worker{Config: s.Config, source: rec}).runPaused
	}
	s.start(ctx, rec, work)
}

// unchanged says that the source is as it was when the service started: its
// first poll can wait for its turn. A change polls at once.
func (s *Supervisor) unchanged(rec audit.SourceRecord) bool {
	return rec.Source.GetUpdateTime().AsTime().Before(s.started)
}

func (s *Supervisor) start(ctx context.Context, rec audit.SourceRecord, work func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{revision: rec.Revision, stop: cancel, done: make(chan struct{})}
	s.workers[rec.ID()] = r
	s.wg.Go(func() {
		defer close(r.done)
		defer cancel()
		work(ctx)
	})
}
