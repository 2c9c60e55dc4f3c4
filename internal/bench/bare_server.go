package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec below
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// poolKey is the metadata by which a caller tells the bare server what to send.
const poolKey = "bench-pool"

// bareServer is the limit of every replay: gRPC as it comes, without interceptors,
// filters or a journal, sending messages that were encoded before.
type bareServer struct {
	address string
	server  *grpc.Server
	done    chan error
}

func serveBare(ctx context.Context, pools map[string]*pool) (*bareServer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the bare server: %w", err)
	}
	s := &bareServer{
		address: listener.Addr().String(), done: make(chan error, 1),
		server: grpc.NewServer(grpc.ForceServerCodecV2(bareCodec{encoding.GetCodecV2("proto")})),
	}
	s.server.RegisterService(bareService(pools), nil) //nolint:contextcheck // each stream has its own
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

// close ends the server and the calls to it.
func (s *bareServer) close() error {
	s.server.Stop()
	return <-s.done
}

// bareService is EventService with a StreamEvents that may send bytes.
func bareService(pools map[string]*pool) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: snykstreamv1.EventService_ServiceDesc.ServiceName,
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "StreamEvents", ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				if err := stream.RecvMsg(&snykstreamv1.StreamEventsRequest{}); err != nil {
					return err
				}
				chosen, err := asked(stream.Context(), pools)
				if err != nil {
					return err
				}
				return chosen.send(stream)
			},
		}},
	}
}

// asked reads what the caller wants.
func asked(ctx context.Context, pools map[string]*pool) (*pool, error) {
	given, _ := metadata.FromIncomingContext(ctx)
	if name := given.Get(poolKey); len(name) == 1 && pools[name[0]] != nil {
		return pools[name[0]], nil
	}
	return nil, errors.New("the bare server needs to be told what to send")
}

// send sends the messages over and over until the caller has enough.
func (p *pool) send(stream grpc.ServerStream) error {
	for {
		for _, message := range p.messages {
			if err := stream.SendMsg(message); err != nil {
				return err
			}
		}
		if p.once {
			<-stream.Context().Done()
			return stream.Context().Err()
		}
	}
}

// bareCodec hands on bytes that are ready.
type bareCodec struct{ encoding.CodecV2 }

// Marshal implements encoding.CodecV2.
func (c bareCodec) Marshal(message any) (mem.BufferSlice, error) {
	if bytes, ok := message.(mem.BufferSlice); ok {
		return bytes, nil
	}
	return c.CodecV2.Marshal(message)
}
