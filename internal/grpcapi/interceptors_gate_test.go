package grpcapi

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/test/bufconn"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

type eventsOut = grpc.ServerStreamingServer[snykstreamv1.StreamEventsResponse]

// The rules are compiled once, and in no bubble of virtual time.
var gateValidator, errGateValidator = NewValidator(time.Now)

// gate is a server with the production interceptors, behind which a stream of
// events does what the test says, with health and reflection beside it.
type gate struct {
	snykstreamv1.UnimplementedEventServiceServer

	// do is what a stream does. It waits for its caller to go where it is nil.
	do    func(eventsOut) error
	log   *buffer
	drain chan struct{}
	// opened and ended count streams that reached do, refused those that the quota
	// kept from it.
	opened, ended, refused atomic.Int64

	server   *grpc.Server
	listener *bufconn.Listener
}

func newGate(t *testing.T, cfg ServerConfig, options ...grpc.ServerOption) *gate {
	t.Helper()
	if errGateValidator != nil {
		t.Fatal(errGateValidator)
	}
	g := &gate{log: &buffer{}, drain: make(chan struct{}), listener: bufconn.Listen(1 << 16)}
	cfg.Log, cfg.Validator = slog.New(slog.NewTextHandler(g.log, nil)), gateValidator
	cfg.Refusals, cfg.Drain = g, g.drain
	g.server = grpc.NewServer(append(ServerOptions(cfg), options...)...)
	snykstreamv1.RegisterEventServiceServer(g.server, g)
	healthpb.RegisterHealthServer(g.server, health.NewServer())
	reflection.Register(g.server)
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.server.Serve(g.listener) })
	t.Cleanup(func() {
		g.server.Stop()
		serving.Wait()
	})
	return g
}

// StreamRefused implements Refusals.
func (g *gate) StreamRefused() { g.refused.Add(1) }

// StreamEvents implements snykstreamv1.EventServiceServer.
func (g *gate) StreamEvents(_ *snykstreamv1.StreamEventsRequest, out eventsOut) error {
	g.opened.Add(1)
	defer g.ended.Add(1)
	if g.do != nil {
		return g.do(out)
	}
	<-out.Context().Done()
	return out.Context().Err()
}

// guest is a client with a connection of its own to a gate.
type guest struct {
	*grpc.ClientConn

	// dials counts the connections that were made.
	dials atomic.Int64
}

// connect makes a guest. Its connections are as wrap makes them; nil leaves them.
func (g *gate) connect(t *testing.T, creds credentials.TransportCredentials, wrap func(net.Conn) net.Conn) *guest {
	t.Helper()
	if creds == nil {
		creds = insecure.NewCredentials()
	}
	guest := &guest{}
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		guest.dials.Add(1)
		conn, err := g.listener.DialContext(ctx)
		if err == nil && wrap != nil {
			conn = wrap(conn)
		}
		return conn, err
	}
	conn, err := grpc.NewClient("passthrough:///gate", grpc.WithContextDialer(dial), grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	guest.ClientConn = conn
	return guest
}

// stream opens a stream of events, and returns once the gate had time for it.
func (g *guest) stream(ctx context.Context, t *testing.T) grpc.ServerStreamingClient[snykstreamv1.StreamEventsResponse] {
	t.Helper()
	stream, err := snykstreamv1.NewEventServiceClient(g).StreamEvents(ctx, &snykstreamv1.StreamEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return stream
}

// silent opens a stream whose caller says nothing.
func (g *guest) silent(ctx context.Context, t *testing.T, method string) grpc.ClientStream {
	t.Helper()
	stream, err := g.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return stream
}
