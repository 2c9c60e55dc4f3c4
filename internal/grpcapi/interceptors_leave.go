package grpcapi

import (
	"context"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/snykstream/snykstream/internal/audit"
)

// leave ends streams that wait for their caller when the server stops or the
// connection has aged: reflection between two questions, and any stream whose
// caller never sends a request. A stop would wait for them in vain. What a stream
// does between its messages is its own to end.
type leave struct {
	// drain is closed when the server begins to stop. Nil: never.
	drain <-chan struct{}
}

// stream is the interceptor.
func (l *leave) stream(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	in := &leaving{ServerStream: stream, ctx: stream.Context(), drain: l.drain}
	if ours(call.FullMethod) {
		return handler(srv, in)
	}
	// The handlers of gRPC's own services know of no age.
	ctx, cancel := context.WithCancel(in.ctx)
	in.ctx = ctx
	var aging sync.WaitGroup
	aging.Go(func() {
		select {
		case <-aged(ctx):
			cancel()
		case <-ctx.Done():
		}
	})
	defer aging.Wait()
	defer cancel()
	if err := handler(srv, in); err == nil || !hasAged(ctx) {
		return err
	}
	return errAged()
}

// leaving is a stream whose waiting for messages ends when the stream must.
type leaving struct {
	grpc.ServerStream

	ctx   context.Context //nolint:containedctx // it is the stream's
	drain <-chan struct{}
}

// Context implements grpc.ServerStream.
func (l *leaving) Context() context.Context { return l.ctx }

// RecvMsg implements grpc.ServerStream. The message is not to be looked at after an
// error.
func (l *leaving) RecvMsg(into any) error {
	got := make(chan error, 1)
	// Nothing but the stream's end interrupts a reading, and the stream ends when
	// its handler has returned: then this ends too.
	go func() { got <- l.ServerStream.RecvMsg(into) }()
	select {
	case err := <-got:
		return unreadable(err)
	case <-l.drain:
		return errDraining()
	case <-aged(l.ctx):
		return errAged()
	}
}

// unreadable takes gRPC's errors about what a caller sent for what they are, the
// caller's: too large a request, none at all, or two. The caller has gRPC's own word
// for it by then; ours goes to log and metrics, where it is not to look like a fault
// of the server.
func unreadable(err error) error {
	switch status.Code(err) { //nolint:exhaustive // the rest is about the call, not the message
	case codes.ResourceExhausted, codes.Internal:
		return audit.Invalid(audit.FieldProblem{Description: "no request could be read: " + status.Convert(err).Message()})
	}
	return err
}
