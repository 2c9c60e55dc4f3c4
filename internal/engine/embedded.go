package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	maxPayload = 8 << 20
	// maxPending is what the server may hold for a connection that reads slowly
	// before it cuts it off. Readers of the journal ask for a few megabytes each.
	maxPending = 512 << 20
	// maxMemory bounds what the store keeps in memory alone: watchers' cursors.
	maxMemory = 256 << 20
	// maxStore is no bound: the disk is, and Writable looks at it.
	maxStore      = 1 << 60
	reconnectWait = 50 * time.Millisecond
	// startGrace is how long a start that is given up may take to end.
	startGrace = 5 * time.Second
)

// errStuck says that the server neither starts nor stops, as it can on damaged
// files. Only the process's end helps.
var errStuck = errors.New("the store reads its files without end: they may be damaged")

// embedded is a JetStream server in this process that listens nowhere.
type embedded struct {
	server *server.Server
	log    *slog.Logger
}

func startEmbedded(ctx context.Context, cfg Config) (*embedded, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName:             "snykstream",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               cfg.DataDir,
		SyncAlways:             true,
		MaxPayload:             maxPayload,
		MaxPending:             maxPending,
		JetStreamMaxMemory:     maxMemory,
		JetStreamMaxStore:      maxStore,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("configuring the embedded server: %w", err)
	}
	logger := &bridge{log: cfg.Log}
	srv.SetLoggerV2(logger, false, false, false)
	em := &embedded{server: srv, log: cfg.Log}
	started := make(chan struct{})
	go func() {
		defer close(started)
		srv.Start() // returns once it is ready, since it does not listen
	}()
	select {
	case <-started:
	case <-ctx.Done():
		return nil, em.giveUp(ctx, started)
	}
	if text := logger.stopped(); text != "" {
		em.stop()
		return nil, errors.New(text)
	}
	return em, nil
}

// giveUp stops a server that is starting. A start cannot be cut short: it has to
// end before what it began can stop.
func (em *embedded) giveUp(ctx context.Context, started <-chan struct{}) error {
	grace := time.NewTimer(startGrace)
	defer grace.Stop()
	select {
	case <-started:
		em.stop()
		return ctx.Err()
	case <-grace.C:
		return errors.Join(ctx.Err(), errStuck)
	}
}

// stop ends the server and waits for it. It may be called again.
func (em *embedded) stop() {
	em.server.Shutdown()
	em.server.WaitForShutdown()
}

// InProcessConn implements nats.InProcessConnProvider.
func (em *embedded) InProcessConn() (net.Conn, error) { return em.server.InProcessConn() }

func (em *embedded) connectOptions(name string) []nats.Option {
	return []nats.Option{
		nats.Name(name),
		nats.InProcessServer(em),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		// What cannot be sent now fails now: a write that is kept back and sent
		// after its writer gave up would surprise it.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			em.log.Warn("store connection error", slog.Any("error", err))
		}),
	}
}
