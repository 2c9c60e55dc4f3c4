// Package engine runs the store under the journal and the registry: NATS
// JetStream, inside this process, on one folder that it locks.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// DefaultReserve is the free space that writes leave on the disk.
const DefaultReserve = 64 << 20

// Config says where the engine keeps its data.
type Config struct {
	// DataDir is the folder for everything stored. It is made if it is missing,
	// and always has mode 0700.
	DataDir string
	// Reserve is the free space in bytes below which Writable says no, so that
	// a full disk is met between two writes and not within one. 0 means
	// DefaultReserve.
	Reserve uint64
	// Log gets the engine's warnings and errors. Nil: none are kept.
	Log *slog.Logger
}

// Engine is a running store. Its methods may be called from many goroutines.
type Engine struct {
	cfg    Config
	lock   *folderLock
	server *embedded
	conn   *nats.Conn
	js     jetstream.JetStream
	// fault is what Fault found.
	fault atomic.Pointer[error]

	mu sync.Mutex
	// conns are all connections, Conn first; guarded by mu.
	conns []*nats.Conn
}

// Open locks the data folder, starts the store on it and connects to it. It
// blocks while the store reads what it kept, until ctx ends. A folder that
// another server uses, or that others may read and that cannot be tightened, is
// an error.
//
// What was acknowledged before is there, after a crash too: every write is
// synced before it is acknowledged.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	if cfg.DataDir == "" {
		return nil, errors.New("opening the engine: no data folder given")
	}
	if cfg.Reserve == 0 {
		cfg.Reserve = DefaultReserve
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := prepareFolder(cfg.DataDir); err != nil {
		return nil, err
	}
	lock, err := lockFolder(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	e := &Engine{cfg: cfg, lock: lock}
	if err := e.start(ctx); errors.Is(err, errStuck) {
		// The folder stays locked: the store is still at it.
		return nil, err
	} else if err != nil {
		// The caller's ctx may have ended: what was started still has to stop.
		return nil, errors.Join(err, e.Close(context.WithoutCancel(ctx)))
	}
	return e, nil
}

func (e *Engine) start(ctx context.Context) error {
	var err error
	if e.server, err = startEmbedded(ctx, e.cfg); err != nil {
		return fmt.Errorf("starting the store in %s: %w", e.cfg.DataDir, err)
	}
	if e.conn, err = e.Connect("snykstream"); err != nil {
		return err
	}
	if e.js, err = jetstream.New(e.conn); err != nil {
		return fmt.Errorf("opening the store's interface: %w", err)
	}
	return nil
}

// JetStream is the store's interface, over Conn.
func (e *Engine) JetStream() jetstream.JetStream { return e.js }

// Conn is the engine's own connection to the store. It reconnects by itself and
// belongs to the engine.
func (e *Engine) Conn() *nats.Conn { return e.conn }

// MaxPayload is the largest message that the store takes, headers included.
func (e *Engine) MaxPayload() int { return int(e.conn.MaxPayload()) }

// Connect makes a further connection, for traffic that must not stand in the
// way of other traffic: the store answers one connection's requests in turn. It
// belongs to the engine, which closes it when it closes.
func (e *Engine) Connect(name string) (*nats.Conn, error) {
	conn, err := nats.Connect("", e.server.connectOptions(name)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to the store: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conns = append(e.conns, conn)
	return conn, nil
}
