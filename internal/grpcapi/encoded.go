package grpcapi

import (
	"fmt"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// encodedResponse is a StreamEventsResponse with events that are encoded already.
// The codec sends it without a copy.
type encodedResponse struct {
	// events are runs of the message's field events.
	events [][]byte
	// rest is the message without its events.
	rest *snykstreamv1.StreamEventsResponse
}

// marshal is the message's bytes: those of the events, then those of the rest.
func (m *encodedResponse) marshal() (mem.BufferSlice, error) {
	rest, err := proto.Marshal(m.rest)
	if err != nil {
		return nil, fmt.Errorf("encoding a message of a stream: %w", err)
	}
	out := make(mem.BufferSlice, 0, len(m.events)+1)
	for _, run := range m.events {
		out = append(out, mem.SliceBuffer(run))
	}
	return append(out, mem.SliceBuffer(rest)), nil
}
