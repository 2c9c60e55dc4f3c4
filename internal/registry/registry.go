package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
	"github.com/snykstream/snykstream/internal/stored"
)

// Sealer encrypts credentials at rest, each bound to its source and ref.
type Sealer interface {
	// Seal encrypts plaintext. Only Open with the same sourceID and ref gives it
	// back.
	Seal(sourceID, ref string, plaintext []byte) (*stored.SealedCredential, error)
	// Open fails with an *audit.Error of reason CREDENTIALS_UNREADABLE on what Seal
	// did not make for the same sourceID and ref, or with a key that is gone.
	Open(sourceID, ref string, sealed *stored.SealedCredential) ([]byte, error)
}

// Defaults of a Config.
const (
	defaultSweepInterval = 5 * time.Minute
	// orphanGrace is how long a credential may wait for its record: far longer than
	// any call that stores the two.
	orphanGrace = 10 * time.Minute
)

// Config is what a registry needs.
type Config struct {
	// Engine holds the buckets.
	Engine *engine.Engine
	// Sealer seals the credentials.
	Sealer Sealer
	// Retention is how long events are kept, and so how long the id of a deleted
	// source stays reserved.
	Retention time.Duration
	// SweepInterval is the time between two rounds of clearing up. Default 5 min.
	SweepInterval time.Duration
	// Log gets what happens off the callers' path. Default: none.
	Log *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Registry keeps the sources. It is safe for concurrent use.
type Registry struct {
	sources     bucket
	credentials bucket
	sealer      Sealer
	retention   time.Duration
	sweepEvery  time.Duration
	log         *slog.Logger
	now         func() time.Time
	cache       *cache
}

// Open makes the buckets where they are missing, erases what a crash left, and
// fills the cache.
func Open(ctx context.Context, cfg Config) (*Registry, error) {
	if cfg.Engine == nil || cfg.Sealer == nil || cfg.Retention <= 0 {
		return nil, errors.New("registry: Engine, Sealer and Retention are required")
	}
	r := &Registry{
		sealer: cfg.Sealer, retention: cfg.Retention, sweepEvery: cfg.SweepInterval,
		log: cfg.Log, now: cfg.Now, cache: newCache(),
	}
	if r.sweepEvery <= 0 {
		r.sweepEvery = defaultSweepInterval
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	var err error
	if r.sources, err = openBucket(ctx, cfg.Engine, "SNYKSTREAM_SOURCES", "snykstream's sources"); err != nil {
		return nil, err
	}
	if r.credentials, err = openBucket(ctx, cfg.Engine, "SNYKSTREAM_CREDENTIALS", "snykstream's sealed credentials"); err != nil {
		return nil, err
	}
	// The engine's folder is locked, so nobody is between two steps now.
	if err := r.sweep(ctx, 0); err != nil {
		return nil, fmt.Errorf("clear up the registry: %w", err)
	}
	return r, nil
}

// Run keeps the cache current and clears up now and then, until ctx ends. It
// returns nil then.
func (r *Registry) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.Watch(ctx, r.cache.put) })
	group.Go(func() error { return r.sweepNowAndThen(ctx) })
	return group.Wait()
}

// Labels are the labels of a source, deleted ones included while their ids are
// reserved; nil for one that is not known. They are the cache's: current as of
// this process's own writes, and within moments for those of others. The map is
// shared and must not be changed.
func (r *Registry) Labels(sourceID string) map[string]string {
	rec, _ := r.cache.get(sourceID)
	return rec.Source.GetLabels()
}

// Cached is a source as this process last saw it, deleted ones included while
// their ids are reserved. It is shared and must not be changed.
func (r *Registry) Cached(sourceID string) (audit.SourceRecord, bool) {
	return r.cache.get(sourceID)
}

// CachedAll are the sources as this process last saw them, in the order of their
// ids, deleted ones left out. They are shared and must not be changed.
func (r *Registry) CachedAll() []audit.SourceRecord {
	return r.cache.live()
}

// Get returns a source. Errors: KindNotFound for one that is not there or is
// deleted, KindUnavailable.
func (r *Registry) Get(ctx context.Context, id string) (audit.SourceRecord, error) {
	rec, err := r.find(ctx, id)
	if err == nil && rec.Deleted() {
		return audit.SourceRecord{}, notFound(id)
	}
	return rec, err
}

// find returns a record as it is, a deleted source's too.
func (r *Registry) find(ctx context.Context, id string) (audit.SourceRecord, error) {
	item, err := r.sources.get(ctx, id)
	if errors.Is(err, errNoKey) {
		return audit.SourceRecord{}, notFound(id)
	}
	if err != nil {
		return audit.SourceRecord{}, unavailable(ctx, "read the source", err)
	}
	return decodeRecord(item)
}

// List returns the sources in the order of their ids, deleted ones left out.
// Errors: KindUnavailable.
func (r *Registry) List(ctx context.Context) ([]audit.SourceRecord, error) {
	items, err := r.sources.list(ctx)
	if err != nil {
		return nil, unavailable(ctx, "list the sources", err)
	}
	records := make([]audit.SourceRecord, 0, len(items))
	for _, item := range items {
		rec, err := decodeRecord(item)
		if err != nil {
			return nil, err
		}
		if !rec.Deleted() {
			records = append(records, rec)
		}
	}
	return records, nil
}
