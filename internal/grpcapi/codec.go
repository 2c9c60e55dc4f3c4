package grpcapi

import (
	"bytes"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec below
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
)

// codec is gRPC's own, but for two things. Messages of a stream go out as they are
// stored, without encoding. And bytes which are no message of a request's type do
// not end the call in gRPC, with INTERNAL and no ErrorInfo: gRPC sends that before
// any interceptor can say better. The message is marked instead, and the
// Validator refuses it.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(message any) (mem.BufferSlice, error) {
	if encoded, ok := message.(*encodedResponse); ok {
		return encoded.marshal()
	}
	return c.CodecV2.Marshal(message)
}

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, into any) error {
	err := c.CodecV2.Unmarshal(data, into)
	if message, ok := into.(proto.Message); ok && err != nil && ourMessage(message) {
		proto.Reset(message)
		message.ProtoReflect().SetUnknown(malformedMark())
		return nil
	}
	return err
}

func ourMessage(message proto.Message) bool {
	return message.ProtoReflect().Descriptor().ParentFile().Package() == contractPackage
}

// malformedMark is a field that no message has.
func malformedMark() []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, protowire.MaxValidNumber, protowire.VarintType), 1)
}

// malformed refuses a message that the codec marked.
func malformed(request proto.Message) error {
	if !bytes.Equal(request.ProtoReflect().GetUnknown(), malformedMark()) {
		return nil
	}
	return audit.Invalid(audit.FieldProblem{
		Description: "the bytes are no " + string(request.ProtoReflect().Descriptor().FullName()),
	})
}
