package server_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
)

// TestStopEndsStreamsThatWait: streams whose callers say nothing are told that the
// server stops, rather than cut off when its patience ends.
func TestStopEndsStreamsThatWait(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	waiting := map[string]grpc.ClientStream{}
	for _, method := range []string{
		reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName,
		healthpb.Health_Watch_FullMethodName,
		snykstreamv1.EventService_StreamEvents_FullMethodName,
	} {
		stream, err := h.Conn().NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
		if err != nil {
			t.Fatal(err)
		}
		waiting[method] = stream
	}
	// An answer on the same connection: the streams before it have arrived.
	if _, err := healthpb.NewHealthClient(h.Conn()).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	h.Stop()
	for method, stream := range waiting {
		err := stream.RecvMsg(&healthpb.HealthCheckResponse{})
		if _, reason := details(err); status.Code(err) != codes.Unavailable || reason != "DRAINING" {
			t.Errorf("%s ended with %v", method, err)
		}
	}
}
