package grpcapi

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// TestWaitingEnds: streams that wait for their callers end when the server stops,
// which would wait for them in vain, and when their connection has aged.
func TestWaitingEnds(t *testing.T) {
	silent := func(method string) func(*testing.T, *guest) grpc.ClientStream {
		return func(t *testing.T, g *guest) grpc.ClientStream {
			t.Helper()
			return g.silent(t.Context(), t, method)
		}
	}
	tests := map[string]func(*testing.T, *guest) grpc.ClientStream{
		"reflection that was not asked":  silent(reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName),
		"reflection that has answered":   answered,
		"a health watch without request": silent(healthpb.Health_Watch_FullMethodName),
		"a stream without request":       silent(snykstreamv1.EventService_StreamEvents_FullMethodName),
	}
	for name, open := range tests {
		t.Run(name+", at the stop", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t, ServerConfig{})
				stream := open(t, g.connect(t, nil, nil))
				close(g.drain)
				time.AfterFunc(time.Minute, g.server.Stop)
				g.server.GracefulStop()
				wantFailure(t, stream.RecvMsg(&healthpb.HealthCheckResponse{}), codes.Unavailable, "DRAINING")
			})
		})
		t.Run(name+", with the age", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t, ServerConfig{MaxConnectionAge: time.Hour})
				stream := open(t, g.connect(t, nil, nil))
				wantFailure(t, stream.RecvMsg(&healthpb.HealthCheckResponse{}), codes.Unavailable, "CONNECTION_AGED")
			})
		})
	}
}

// answered is a reflection stream after its first answer.
func answered(t *testing.T, g *guest) grpc.ClientStream {
	t.Helper()
	stream, err := reflectionpb.NewServerReflectionClient(g).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	if answer, err := stream.Recv(); err != nil || len(answer.GetListServicesResponse().GetService()) == 0 {
		t.Fatal(answer, err)
	}
	return stream
}

// TestReflectionEndsWithItsCaller: a caller that has asked enough ends it with OK.
func TestReflectionEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := answered(t, newGate(t, ServerConfig{}).connect(t, nil, nil))
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(&reflectionpb.ServerReflectionResponse{}); !errors.Is(err, io.EOF) {
			t.Errorf("ended with %v, want OK", err)
		}
	})
}

// TestUnreadableRequests: what is wrong with a request's bytes is the caller's
// mistake, which gRPC tells the caller itself, and wakes nobody.
func TestUnreadableRequests(t *testing.T) {
	tooLarge := &snykstreamv1.StreamEventsRequest{Include: []*snykstreamv1.EventFilter{{Expression: strings.Repeat("x", 5<<20)}}}
	tests := map[string]struct {
		send []*snykstreamv1.StreamEventsRequest
		want codes.Code
	}{
		"too large": {send: []*snykstreamv1.StreamEventsRequest{tooLarge}, want: codes.ResourceExhausted},
		"none":      {want: codes.Internal},
		"two":       {send: []*snykstreamv1.StreamEventsRequest{{}, {}}, want: codes.Internal},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t, ServerConfig{})
				stream := g.connect(t, nil, nil).silent(t.Context(), t, snykstreamv1.EventService_StreamEvents_FullMethodName)
				for _, req := range test.send {
					if err := stream.SendMsg(req); err != nil {
						t.Fatal(err)
					}
				}
				if err := stream.CloseSend(); err != nil {
					t.Fatal(err)
				}
				err := stream.RecvMsg(&snykstreamv1.StreamEventsResponse{})
				synctest.Wait()
				if status.Code(err) != test.want || g.opened.Load() != 0 {
					t.Errorf("ended with %v, want %s; %d streams opened", err, test.want, g.opened.Load())
				}
				if line := g.log.String(); !strings.Contains(line, "grpc.code=InvalidArgument") || strings.Contains(line, "level=ERROR") {
					t.Errorf("logged:\n%s", line)
				}
			})
		})
	}
}
