package grpcapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/snykstream/snykstream/internal/audit"
)

// contractPackage is the proto package of the contract.
const contractPackage = "snykstream.v1"

// ServerConfig is what the interceptors need.
type ServerConfig struct {
	// Log takes a line for each call and the details of internal errors. It never
	// gets requests or answers.
	Log *slog.Logger
	// Validator checks the requests.
	Validator *Validator
	// Metrics counts calls. Nil: none are counted.
	Metrics *grpcprom.ServerMetrics
	// MaxStreamsPerCaller is how many streams a caller may have under way. Zero: as
	// many as it opens.
	MaxStreamsPerCaller int
	// Refusals counts the streams beyond that. Nil: none are counted.
	Refusals Refusals
	// MaxConnectionAge is how long a connection lives at most. Zero: without end.
	MaxConnectionAge time.Duration
	// Drain is closed when the server begins to stop. Nil: never.
	Drain <-chan struct{}
}

// ServerOptions are the codec, the rules for connections and the interceptors of
// every call. From the outside in: metrics, log, errors, recovery, refusal of what is
// not built, the quota, the end of waiting, validation. They take care of methods
// that do not exist too.
func ServerOptions(cfg ServerConfig) []grpc.ServerOption {
	guard := &guard{log: cfg.Log, validator: cfg.Validator}
	panics := recovery.WithRecoveryHandlerContext(guard.recovered)
	unary := []grpc.UnaryServerInterceptor{
		logUnary(cfg.Log), guard.mapUnary, recovery.UnaryServerInterceptor(panics), refuseUnary, guard.validateUnary,
	}
	stream := []grpc.StreamServerInterceptor{
		logStream(cfg.Log), guard.mapStream, recovery.StreamServerInterceptor(panics), refuseStream,
	}
	if cfg.MaxStreamsPerCaller > 0 {
		stream = append(stream, newQuota(cfg.MaxStreamsPerCaller, cfg.Refusals).stream)
	}
	stream = append(stream, (&leave{drain: cfg.Drain}).stream, guard.validateStream)
	if cfg.Metrics != nil {
		unary = append([]grpc.UnaryServerInterceptor{cfg.Metrics.UnaryServerInterceptor()}, unary...)
		stream = append([]grpc.StreamServerInterceptor{knownOnly(cfg.Metrics.StreamServerInterceptor())}, stream...)
	}
	return append(connectionOptions(cfg.MaxConnectionAge, cfg.MaxStreamsPerCaller),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.ChainUnaryInterceptor(unary...),
		grpc.ChainStreamInterceptor(stream...),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return unknownMethod() }),
	)
}

// guard stands between gRPC and the handlers.
type guard struct {
	log       *slog.Logger
	validator *Validator
}

// ours says that a method is of our own services, not of health or reflection,
// whose errors are theirs.
func ours(method string) bool { return strings.HasPrefix(method, "/"+contractPackage+".") }

func (g *guard) mapUnary(ctx context.Context, req any, call *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	answer, err := handler(ctx, req)
	if err != nil {
		return nil, g.mapError(ctx, call.FullMethod, err)
	}
	return answer, nil
}

func (g *guard) mapStream(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return g.mapError(stream.Context(), call.FullMethod, handler(srv, stream))
}

// mapError makes the status of a handler's error, and logs what callers do not
// see of it.
func (g *guard) mapError(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	if _, isStatus := status.FromError(err); isStatus && !ours(method) {
		return err
	}
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	known, isKnown := errors.AsType[*audit.Error](err)
	switch {
	case ended && ctx.Err() != nil:
		return ToStatus(ctx.Err())
	case ended && !isKnown:
		// The caller still waits: something of ours gave up.
		g.log.WarnContext(ctx, "call gave up waiting", "method", method, "error", err)
		return ToStatus(&audit.Error{Kind: audit.KindUnavailable, Message: "the server waited for too long", Cause: err})
	case isKnown && known.Kind != audit.KindInternal:
		if known.Cause != nil {
			g.log.WarnContext(ctx, "call failed", "method", method, "reason", reasonName(known.Reason), "error", err)
		}
		return ToStatus(err)
	}
	return g.internal(ctx, method, err)
}

// internal logs an error that callers see only as INTERNAL, under an id that they
// can quote.
func (g *guard) internal(ctx context.Context, method string, err error) error {
	mapped := ToStatus(err)
	if to := mappings[audit.KindInternal]; status.Code(mapped) != to.code {
		return mapped
	}
	id := rand.Text()[:12]
	g.log.ErrorContext(ctx, "internal error", "method", method, "error_id", id, "error", err)
	return ToStatus(&audit.Error{Kind: audit.KindInternal, Metadata: map[string]string{"error_id": id}})
}

// recovered turns a panic into an error. Its text may hold anything, so it goes
// to the log alone.
func (g *guard) recovered(ctx context.Context, cause any) error {
	g.log.ErrorContext(ctx, "handler panicked", "panic", cause, "stack", string(debug.Stack()))
	return &audit.Error{Kind: audit.KindInternal, Message: "the handler panicked"}
}
