package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snykstream/snykstream/internal/engine"
)

const (
	bareStream  = "BENCH"
	bareSubject = "bench.events"
)

// bareJetStream is what is below the journal: the engine as the server sets it up, and
// a stream like the journal's with nothing around it.
type bareJetStream struct {
	engine *engine.Engine
	js     jetstream.JetStream
}

func openBareJetStream(ctx context.Context, dir string) (*bareJetStream, error) {
	e, err := engine.Open(ctx, engine.Config{DataDir: dir, Log: faults()})
	if err != nil {
		return nil, err
	}
	b := &bareJetStream{engine: e, js: e.JetStream()}
	if _, err := b.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: bareStream, Subjects: []string{bareSubject}, Storage: jetstream.FileStorage, AllowDirect: true,
	}); err != nil {
		return nil, errors.Join(fmt.Errorf("make a stream: %w", err), b.close(ctx))
	}
	return b, nil
}

// publish returns once the message is on the disk.
func (b *bareJetStream) publish(ctx context.Context, data []byte) error {
	_, err := b.js.Publish(ctx, bareSubject, data)
	return err
}

func (b *bareJetStream) close(ctx context.Context) error {
	return b.engine.Close(context.WithoutCancel(ctx))
}
