package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// bridge passes the embedded server's warnings and errors on to slog. It
// implements the server's Logger.
type bridge struct {
	log *slog.Logger

	mu sync.Mutex
	// fatal is the first error that stopped the server's start; guarded by mu.
	fatal string
}

func (b *bridge) Warnf(format string, v ...any) {
	b.pass(slog.LevelWarn, "store warning", format, v)
}

func (b *bridge) Errorf(format string, v ...any) {
	b.pass(slog.LevelError, "store error", format, v)
}

// Fatalf keeps what stopped the server, which then returns from its start. The
// process goes on: ending it is main's business.
func (b *bridge) Fatalf(format string, v ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fatal == "" {
		b.fatal = fmt.Sprintf(format, v...)
	}
}

func (*bridge) Noticef(string, ...any) {}
func (*bridge) Debugf(string, ...any)  {}
func (*bridge) Tracef(string, ...any)  {}

func (b *bridge) pass(level slog.Level, message, format string, v []any) {
	//nolint:sloglint // one of two constant texts; the server has no context
	b.log.Log(context.Background(), level, message, slog.String("text", fmt.Sprintf(format, v...)))
}

// stopped returns what stopped the server's start, empty if nothing did.
func (b *bridge) stopped() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fatal
}
