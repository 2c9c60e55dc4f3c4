package grpcapi

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// TestQuota: a caller gets as many streams as one may have, and not one more over
// however many connections; when one ends there is room again.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxStreamsPerCaller: 3})
		one, two := g.connect(t, nil, nil), g.connect(t, nil, nil)
		ctx, leave := context.WithCancel(t.Context())
		one.stream(ctx, t)
		one.stream(t.Context(), t)
		two.stream(t.Context(), t)

		for i := range 5 {
			_, err := []*guest{one, two}[i%2].stream(t.Context(), t).Recv()
			f := wantFailure(t, err, codes.ResourceExhausted, "QUOTA_EXCEEDED")
			if f.retry != quotaRetry || f.metadata["limit"] != "3" || f.metadata["counted_by"] != "host" {
				t.Errorf("retry after %v, metadata %v", f.retry, f.metadata)
			}
		}
		if opened, refused := g.opened.Load(), g.refused.Load(); opened != 3 || refused != 5 {
			t.Errorf("%d streams opened and %d refused, want 3 and 5", opened, refused)
		}

		leave()
		synctest.Wait()
		two.stream(t.Context(), t)
		if opened := g.opened.Load(); opened != 4 {
			t.Errorf("%d streams opened, want another one after one has ended", opened)
		}
	})
}

// TestQuotaIsGivenBack: however a stream ends, it counts no more, and nothing is
// kept of a caller who has none.
func TestQuotaIsGivenBack(t *testing.T) {
	tests := map[string]struct {
		do   func(eventsOut) error
		code codes.Code
	}{
		"with OK":       {do: func(eventsOut) error { return nil }, code: codes.OK},
		"with an error": {do: func(eventsOut) error { return errors.New("no") }, code: codes.Internal},
		"with a panic":  {do: func(eventsOut) error { panic("oh") }, code: codes.Internal},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t, ServerConfig{MaxStreamsPerCaller: 1})
				g.do = test.do
				guest := g.connect(t, nil, nil)
				for range 3 {
					_, _ = guest.stream(t.Context(), t).Recv()
				}
				if opened := g.opened.Load(); opened != 3 {
					t.Errorf("%d of 3 streams opened, one after the other", opened)
				}
			})
		})
	}
}

func TestQuotaForgetsCallers(t *testing.T) {
	q := newQuota(2, nil)
	who, other := holder{caller{byHost, "10.0.0.1"}, true}, holder{caller{byHost, "10.0.0.2"}, true}
	for range 2 {
		if !q.take(who) || !q.take(other) {
			t.Fatal("refused within the quota")
		}
	}
	if q.take(who) {
		t.Error("a third stream of two")
	}
	for range 2 {
		q.give(who)
		q.give(other)
	}
	if len(q.open) != 0 {
		t.Errorf("callers without a stream are kept: %v", q.open)
	}
}

// TestConnectionCutGivesBack: streams of a caller that vanished count no more.
func TestConnectionCutGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxStreamsPerCaller: 1})
		var wire net.Conn
		g.connect(t, nil, func(conn net.Conn) net.Conn { wire = conn; return conn }).stream(t.Context(), t)
		if err := wire.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		g.connect(t, nil, nil).stream(t.Context(), t)
		if opened, ended := g.opened.Load(), g.ended.Load(); opened != 2 || ended != 1 {
			t.Errorf("%d streams opened, %d ended, want 2 and 1", opened, ended)
		}
	})
}

// TestQuotaCountsSilentStreams: a stream that never sends its request is one.
func TestQuotaCountsSilentStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxStreamsPerCaller: 1})
		guest := g.connect(t, nil, nil)
		guest.silent(t.Context(), t, snykstreamv1.EventService_StreamEvents_FullMethodName)
		_, err := guest.stream(t.Context(), t).Recv()
		wantFailure(t, err, codes.ResourceExhausted, "QUOTA_EXCEEDED")
	})
}

// TestQuotaOfHealthAndReflection: they have one too, and it is another: who looks
// after our health loses no stream by it, nor the other way round.
func TestQuotaOfHealthAndReflection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxStreamsPerCaller: 2})
		guest := g.connect(t, nil, nil)
		guest.silent(t.Context(), t, healthpb.Health_Watch_FullMethodName)
		guest.silent(t.Context(), t, reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName)
		guest.stream(t.Context(), t)
		guest.stream(t.Context(), t)
		if opened := g.opened.Load(); opened != 2 {
			t.Errorf("%d streams opened beside health and reflection, want 2", opened)
		}
		third := guest.silent(t.Context(), t, healthpb.Health_Watch_FullMethodName)
		wantFailure(t, third.RecvMsg(&healthpb.HealthCheckResponse{}), codes.ResourceExhausted, "QUOTA_EXCEEDED")
		// Calls that are no streams go on.
		if _, err := healthpb.NewHealthClient(guest).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
			t.Error("a health check at the quota: ", err)
		}
	})
}

// TestOneConnectionTakesTheWholeQuota: a caller learns of its quota on one
// connection too, where gRPC's own limit would have it wait in silence.
func TestOneConnectionTakesTheWholeQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 300
		g := newGate(t, ServerConfig{MaxStreamsPerCaller: most})
		guest := g.connect(t, nil, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range most {
			guest.stream(ctx, t)
			guest.silent(ctx, t, healthpb.Health_Watch_FullMethodName)
		}
		_, err := guest.stream(ctx, t).Recv()
		wantFailure(t, err, codes.ResourceExhausted, "QUOTA_EXCEEDED")
		if opened := g.opened.Load(); opened != most {
			t.Errorf("%d streams opened, want %d", opened, most)
		}
	})
}
