package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec below
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// eventsField is the number of StreamEventsResponse.events.
const eventsField = 1

// undecoded is how many events a message has whose bytes were counted and let go.
type undecoded struct{ events int }

// countingCodec takes messages without decoding them.
type countingCodec struct{ encoding.CodecV2 }

// Unmarshal implements encoding.CodecV2.
func (c countingCodec) Unmarshal(data mem.BufferSlice, into any) error {
	counted, ok := into.(*undecoded)
	if !ok {
		return c.CodecV2.Unmarshal(data, into)
	}
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	counted.events = 0
	for rest := whole.ReadOnlyData(); len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if n < 0 {
			return fmt.Errorf("count events: %w", protowire.ParseError(n))
		}
		if number == eventsField {
			counted.events++
		}
		rest = rest[n:]
	}
	return nil
}

// receive opens a stream of what is new, and returns what tells of each message how
// many events it has: by decoding it as usual, or by its bytes.
func receive(ctx context.Context, caller *client.Client, decode bool) (next func() (int, error), err error) {
	request := &snykstreamv1.StreamEventsRequest{}
	if decode {
		stream, err := caller.Events().StreamEvents(ctx, request)
		if err != nil {
			return nil, err
		}
		return func() (int, error) {
			message, err := stream.Recv()
			return len(message.GetEvents()), err
		}, nil
	}
	stream, err := caller.Conn().NewStream(ctx, &snykstreamv1.EventService_ServiceDesc.Streams[0],
		snykstreamv1.EventService_StreamEvents_FullMethodName, grpc.ForceCodecV2(countingCodec{encoding.GetCodecV2("proto")}))
	if err != nil {
		return nil, err
	}
	return func() (int, error) {
		var message undecoded
		err := stream.RecvMsg(&message)
		return message.events, err
	}, errors.Join(stream.SendMsg(request), stream.CloseSend())
}
