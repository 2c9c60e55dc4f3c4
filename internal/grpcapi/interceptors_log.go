package grpcapi

import (
	"context"
	"log/slog"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// logUnary and logStream write a line when a call ends, with its method, peer,
// time and status. Health and reflection, which tools call all day, are left out.
func logUnary(log *slog.Logger) grpc.UnaryServerInterceptor {
	each := logging.UnaryServerInterceptor(sink(log), logOptions()...)
	return func(ctx context.Context, req any, call *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if !ours(call.FullMethod) {
			return handler(ctx, req)
		}
		return each(ctx, req, call, handler)
	}
}

func logStream(log *slog.Logger) grpc.StreamServerInterceptor {
	each := logging.StreamServerInterceptor(sink(log), logOptions()...)
	return func(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if !ours(call.FullMethod) {
			return handler(srv, stream)
		}
		return each(srv, stream, call, handler)
	}
}

// sink is slog as the library wants it. That calls end with their connection's age
// is routine.
func sink(log *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(ctx context.Context, level logging.Level, text string, fields ...any) {
		if level == logging.LevelWarn && hasAged(ctx) {
			level = logging.LevelInfo
		}
		log.Log(ctx, slog.Level(level), text, fields...) //nolint:sloglint // the library's own constant text
	})
}

func logOptions() []logging.Option {
	return []logging.Option{
		logging.WithLogOnEvents(logging.FinishCall), // payloads are never logged
		logging.WithLevels(levelOf),
		logging.WithDisableLoggingFields(logging.SystemTag[0], logging.ComponentFieldKey, logging.MethodTypeFieldKey),
	}
}

// levelOf is the level of a call's line: what a caller did wrong is the caller's
// business, what we did wrong is the operator's.
func levelOf(code codes.Code) logging.Level {
	switch code { //nolint:exhaustive // the rest is a caller's everyday
	case codes.Internal, codes.Unknown, codes.DataLoss:
		return logging.LevelError
	case codes.Unavailable, codes.ResourceExhausted, codes.PermissionDenied, codes.Unauthenticated:
		return logging.LevelWarn
	}
	return logging.LevelInfo
}

// knownOnly keeps methods that do not exist from an interceptor: anybody could
// fill the metrics with names.
func knownOnly(each grpc.StreamServerInterceptor) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if srv == nil { // gRPC has no service for the unknown handler
			return handler(srv, stream)
		}
		return each(srv, stream, call, handler)
	}
}
