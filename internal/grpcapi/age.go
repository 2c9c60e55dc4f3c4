package grpcapi

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// agedRetry is when a subscriber of an aged connection is to come back: at once,
	// since a new connection is all that it lacks.
	agedRetry = 100 * time.Millisecond
	// agedPatience is what a subscriber that reads slowly has for its last message.
	agedPatience = 30 * time.Second
)

// A connection of age 1 is told at some time up to 0.825 to take no new calls, and
// its streams end at some time from 0.9 on: never before their callers know that
// the next call needs another connection. Both times vary, so that callers who
// connected together do not come back together. gRPC takes the first one itself, a
// tenth around what it is given.
const (
	toldAt      = 0.75
	toldFirst   = toldAt * 0.9
	endsFrom    = 0.9
	endsThrough = 1.0
)

// agingOptions let connections live for age at most, softly: see aged.
func agingOptions(age time.Duration, params keepalive.ServerParameters) []grpc.ServerOption {
	if age <= 0 {
		return []grpc.ServerOption{grpc.KeepaliveParams(params)}
	}
	params.MaxConnectionAge = share(age, toldAt)
	params.MaxConnectionAgeGrace = share(age, endsThrough-toldFirst) + agedPatience
	return []grpc.ServerOption{grpc.KeepaliveParams(params), grpc.StatsHandler(ages(age))}
}

// share is a part of a duration.
func share(of time.Duration, part float64) time.Duration { return time.Duration(float64(of) * part) }

// ages takes note of how old connections are. It is their handler of statistics,
// since that is whom gRPC tells of connections.
type ages time.Duration

// connection is what a call can ask of the connection that it runs on.
type connection struct {
	aged  chan struct{}
	timer *time.Timer
}

type connectionKey struct{}

func connectionOf(ctx context.Context) (*connection, bool) {
	c, ok := ctx.Value(connectionKey{}).(*connection)
	return c, ok
}

// TagConn implements stats.Handler: the calls of a connection find its age in
// their contexts.
func (a ages) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	spread := endsThrough - endsFrom
	life := share(time.Duration(a), endsFrom+spread*rand.Float64()) //nolint:gosec // nobody gains by foreseeing it
	c := &connection{aged: make(chan struct{})}
	c.timer = time.AfterFunc(life, func() { close(c.aged) })
	return context.WithValue(ctx, connectionKey{}, c)
}

// HandleConn implements stats.Handler.
func (ages) HandleConn(ctx context.Context, what stats.ConnStats) {
	if _, ended := what.(*stats.ConnEnd); !ended {
		return
	}
	if c, ok := connectionOf(ctx); ok {
		c.timer.Stop()
	}
}

// TagRPC implements stats.Handler.
func (ages) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (ages) HandleRPC(context.Context, stats.RPCStats) {}

// aged is closed when the connection that a call runs on has reached its age: a
// stream is then to send what it has with its last token, and to end with errAged.
// Its caller knows by then that the next call needs another connection. Nil, which
// nothing ever comes from, where connections do not age.
func aged(ctx context.Context) <-chan struct{} {
	if c, ok := connectionOf(ctx); ok {
		return c.aged
	}
	return nil
}

// hasAged says that aged is closed.
func hasAged(ctx context.Context) bool {
	select {
	case <-aged(ctx):
		return true
	default:
		return false
	}
}

// errAged ends a stream on an aged connection.
func errAged() error {
	return &audit.Error{
		Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_CONNECTION_AGED,
		Message: "the connection has reached its age: reconnect with the last resume_token", RetryAfter: agedRetry,
	}
}
