package journal

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snykstream/snykstream/internal/engine"
)

// duplicates is the shortest window the store has for remembering message ids.
// We send none: the fence does better.
const duplicates = 100 * time.Millisecond

// Config says how the journal is kept.
type Config struct {
	// Engine is the store. Required; it must outlive the journal.
	Engine *engine.Engine
	// Retention is how long entries are kept, counted from when they are stored.
	// Required; a changed one holds for what is there already.
	Retention time.Duration
	// Log gets what operators must know: losses above all. Nil: nothing is kept.
	Log *slog.Logger
	// Now is the clock that gives events their ingest time. Nil: time.Now.
	Now func() time.Time
	// MaxEntry is the size of an entry in bytes above which a page is split. 0, or
	// more than the store takes: what it takes.
	MaxEntry int
}

// Journal is the log of everything collected. Its methods may be called from
// many goroutines.
type Journal struct {
	cfg         Config
	js          jetstream.JetStream
	checkpoints jetstream.KeyValue
	direct      *direct
	extents     *extents
	tail        *tail
	// timeout is appendTimeout, but for tests.
	timeout time.Duration
	// id names this journal, sealer seals its tokens.
	id     string
	sealer cipher.AEAD
}

// Open makes the journal in the store, or opens the one that is there.
func Open(ctx context.Context, cfg Config) (*Journal, error) {
	if cfg.Engine == nil || cfg.Retention <= 0 {
		return nil, errors.New("opening the journal: engine and retention are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if most := cfg.Engine.MaxPayload() - headerRoom; cfg.MaxEntry <= 0 || cfg.MaxEntry > most {
		cfg.MaxEntry = most
	}
	j, err := connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	if _, err := j.js.CreateOrUpdateStream(ctx, streamConfig(cfg.Retention)); err != nil {
		return nil, fmt.Errorf("opening the journal: stream %s: %w", streamName, err)
	}
	if err := j.openBuckets(ctx); err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	return j, nil
}

// connect makes a journal over the store as it is.
func connect(cfg Config) (*Journal, error) {
	conn, err := cfg.Engine.Connect("snykstream-journal-reads")
	if err != nil {
		return nil, err
	}
	return &Journal{
		cfg:     cfg,
		js:      cfg.Engine.JetStream(),
		direct:  newDirect(conn),
		extents: newExtents(cfg.Engine.Conn()),
		tail:    newTail(),
		timeout: appendTimeout,
	}, nil
}

func (j *Journal) openBuckets(ctx context.Context) error {
	var err error
	j.checkpoints, err = j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:      checkpointsBucket,
		Description: "where each feed is, beyond the journal's retention",
		History:     1,
		Storage:     jetstream.FileStorage,
	})
	if err != nil {
		return fmt.Errorf("bucket %s: %w", checkpointsBucket, err)
	}
	return j.identify(ctx)
}

// streamConfig keeps the sequences dense: nothing but age takes entries away,
// and that from the front.
func streamConfig(retention time.Duration) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        streamName,
		Description: "the log of everything collected; one entry for each answer of Snyk's",
		Subjects:    []string{subjectPrefix + ">"},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      retention,
		DenyDelete:  true,
		DenyPurge:   true,
		AllowDirect: true,
		Compression: jetstream.NoCompression,
		Duplicates:  min(duplicates, retention),
	}
}
