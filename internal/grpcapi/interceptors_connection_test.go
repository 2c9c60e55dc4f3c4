package grpcapi

import (
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// middlebox is a way that forgets a connection after silence, as NAT and load
// balancers do: then nothing passes any more, and nobody is told.
type middlebox struct {
	net.Conn

	patience time.Duration
	mu       sync.Mutex
	// last is when something passed, under mu.
	last time.Time
}

func (m *middlebox) passes() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.last) >= m.patience {
		return false
	}
	m.last = time.Now()
	return true
}

// Read implements net.Conn.
func (m *middlebox) Read(p []byte) (int, error) {
	for {
		n, err := m.Conn.Read(p)
		if err != nil || m.passes() {
			return n, err
		}
	}
}

// Write implements net.Conn.
func (m *middlebox) Write(p []byte) (int, error) {
	if !m.passes() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}

func behind(patience time.Duration) func(net.Conn) net.Conn {
	return func(conn net.Conn) net.Conn {
		return &middlebox{Conn: conn, patience: patience, last: time.Now()}
	}
}

// TestIdleStreamsSurviveMiddleboxes: a stream with nothing to say for a day is still
// there when there is, though its caller does nothing for it and boxes on the way
// forget after a minute.
func TestIdleStreamsSurviveMiddleboxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{})
		g.do = func(out eventsOut) error {
			time.Sleep(24 * time.Hour)
			return out.Send(&snykstreamv1.StreamEventsResponse{ResumeToken: "late"})
		}
		stream := g.connect(t, nil, behind(time.Minute)).stream(t.Context(), t)
		if message, err := stream.Recv(); err != nil || message.GetResumeToken() != "late" {
			t.Errorf("after a day: %v, %v", message, err)
		}
	})
}

// TestVanishedCallersAreNoticed: the streams of a caller that went without a word
// end within a minute.
func TestVanishedCallersAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{})
		g.connect(t, nil, behind(time.Second)).stream(t.Context(), t)
		time.Sleep(time.Minute)
		synctest.Wait()
		if opened, ended := g.opened.Load(), g.ended.Load(); opened != 1 || ended != 1 {
			t.Errorf("%d streams opened, %d ended, want 1 and 1", opened, ended)
		}
	})
}

// TestIdleConnectionsAreClosed: a connection that serves no call is not kept, and
// costs its caller nothing: the next call makes another.
func TestIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guest := newGate(t, ServerConfig{}).connect(t, nil, nil)
		for range 2 {
			if _, err := healthpb.NewHealthClient(guest).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(maxIdle + time.Minute)
		}
		if dials := guest.dials.Load(); dials != 2 {
			t.Errorf("%d connections for two calls with a long pause, want 2", dials)
		}
	})
}

// TestHandshakesAreBounded: who connects and says nothing is hung up on.
func TestHandshakesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{})
		conn, err := g.listener.DialContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		buffer := make([]byte, 1<<10)
		for err == nil {
			_, err = conn.Read(buffer)
		}
		if took := time.Since(began); took > handshakeTime {
			t.Errorf("hung up on after %v, want %v", took, handshakeTime)
		}
	})
}

// TestMetadataIsBounded: a call cannot bring metadata without end.
func TestMetadataIsBounded(t *testing.T) {
	tests := map[string]struct {
		bytes int
		want  codes.Code
	}{
		"a large token": {bytes: 12 << 10, want: codes.OK},
		"a flood":       {bytes: 32 << 10, want: codes.Internal},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				guest := newGate(t, ServerConfig{}).connect(t, nil, nil)
				ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", strings.Repeat("x", test.bytes))
				_, err := healthpb.NewHealthClient(guest).Check(ctx, &healthpb.HealthCheckRequest{})
				if status.Code(err) != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			})
		})
	}
}
