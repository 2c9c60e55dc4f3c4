package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// refuseUnary and refuseStream answer for the methods that are not built.
func refuseUnary(ctx context.Context, req any, call *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if notBuilt[call.FullMethod] {
		return nil, notYetSupported()
	}
	return handler(ctx, req)
}

func refuseStream(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if notBuilt[call.FullMethod] {
		return notYetSupported()
	}
	return handler(srv, stream)
}

func (g *guard) validateUnary(ctx context.Context, req any, call *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if message, ok := req.(proto.Message); ok && ours(call.FullMethod) {
		if err := g.validator.Validate(message); err != nil {
			return nil, err
		}
	}
	return handler(ctx, req)
}

func (g *guard) validateStream(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if ours(call.FullMethod) {
		stream = &validated{ServerStream: stream, validator: g.validator}
	}
	return handler(srv, stream)
}

// validated is a stream that hands on valid messages only.
type validated struct {
	grpc.ServerStream

	validator *Validator
}

// RecvMsg implements grpc.ServerStream.
func (v *validated) RecvMsg(into any) error {
	if err := v.ServerStream.RecvMsg(into); err != nil {
		return err
	}
	if message, ok := into.(proto.Message); ok {
		return v.validator.Validate(message)
	}
	return nil
}
