package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Close lets what is under way on the connections finish, stops the store, waits
// until it has stopped, and unlocks the folder. When ctx ends first the store
// stops without that grace, and ctx's error is returned.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	conns := e.conns
	e.conns = nil
	e.mu.Unlock()
	var errs []error
	for _, conn := range conns {
		errs = append(errs, drain(ctx, conn))
	}
	if e.server != nil {
		e.server.stop()
	}
	return errors.Join(append(errs, e.lock.release())...)
}

func drain(ctx context.Context, conn *nats.Conn) error {
	closed := conn.StatusChanged(nats.CLOSED)
	if err := conn.Drain(); err != nil {
		conn.Close()
		if errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionReconnecting) {
			return nil
		}
		return fmt.Errorf("draining the connection to the store: %w", err)
	}
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		conn.Close()
		return fmt.Errorf("draining the connection to the store: %w", ctx.Err())
	}
}
