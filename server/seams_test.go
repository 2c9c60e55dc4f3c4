package server_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/server"
)

// TestStopWhileStarting: a stop that comes before the store is open is as clean
// as any other, and gives back the addresses and the folder.
func TestStopWhileStarting(t *testing.T) {
	h := servertest.Unstarted(t)
	s, err := server.New(t.Context(), server.Config{Config: h.Config, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ctx); err != nil {
		t.Error("the stopped server ended with ", err)
	}
	for _, address := range []net.Addr{s.Addr(), s.AdminAddr()} {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address.String()); err == nil {
			_ = conn.Close()
			t.Error("still listening at ", address)
		}
	}
	h.Start()
}

// TestStopTellsHealthWatchers: who watches the server's health is told that it
// stops, and then let go: the stop does not wait for watchers to leave.
func TestStopTellsHealthWatchers(t *testing.T) {
	h := servertest.New(t)
	watch, err := healthpb.NewHealthClient(h.Conn()).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := watch.Recv(); err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("while serving: %v, %v", answer, err)
	}
	h.Stop()
	if answer, err := watch.Recv(); err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Fatalf("while stopping: %v, %v", answer, err)
	}
	if answer, err := watch.Recv(); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("in the end: %v, %v", answer, err)
	}
}

// TestFailedStart: a start that fails says why, and leaves nothing behind that
// would stand in the way of the next one.
func TestFailedStart(t *testing.T) {
	h := servertest.Unstarted(t)
	bad := h.Config
	bad.SealingKeyFile = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(bad.SealingKeyFile, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), server.Config{Config: bad, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "sealing key") {
		t.Errorf("with a bad key file: %v", err)
	}
	// On the same folder and at the same addresses.
	h.Config.Listen, h.Config.AdminListen = s.Addr().String(), s.AdminAddr().String()
	h.Start()
}
