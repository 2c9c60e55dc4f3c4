package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/snyksim"
	"github.com/snykstream/snykstream/server"
)

// sourceID is the demo's source.
const sourceID = "demo"

// serveSnyk serves the simulated Snyk on a free loopback port until ctx ends.
func serveSnyk(ctx context.Context, group *errgroup.Group, sim *snyksim.Sim) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the simulated Snyk: %w", err)
	}
	api := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	group.Go(func() error {
		if err := api.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the simulated Snyk: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return api.Close()
	})
	return "http://" + listener.Addr().String(), nil
}

// serve runs a server against the simulated Snyk, and returns its address once it
// serves.
func serve(ctx context.Context, group *errgroup.Group, listen, folder, snykURL string) (address string, err error) {
	cfg := server.Config{
		Config: config.Config{
			Listen: listen, AdminListen: "127.0.0.1:0", DataDir: filepath.Join(folder, "data"), Retention: config.DefaultRetention,
			SnykEndpoints: map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_SNYK_US_01: snykURL},
		},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	s, err := server.New(ctx, cfg)
	if host, _, bad := net.SplitHostPort(listen); bad == nil && errors.Is(err, syscall.EADDRINUSE) {
		cfg.Listen = net.JoinHostPort(host, "0")
		s, err = server.New(ctx, cfg)
	}
	if err != nil {
		return "", err
	}
	stopped := make(chan struct{})
	group.Go(func() error {
		defer close(stopped)
		return s.Run(ctx)
	})
	select {
	case <-s.Ready():
		return s.Addr().String(), nil
	case <-stopped:
		return "", errors.New("the server stopped before it served")
	}
}

// createSource creates the demo's source, as any caller would.
func createSource(ctx context.Context, caller *client.Client, organization, token string) error {
	_, err := caller.Sources().CreateSource(ctx, &snykstreamv1.CreateSourceRequest{
		SourceId: sourceID,
		Source: &snykstreamv1.Source{
			DisplayName: "My Snyk logs",
			Snyk:        &snykstreamv1.SnykConfig{OrganizationId: organization, PollInterval: durationpb.New(5 * time.Second)},
		},
		Credentials: &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_ApiToken{ApiToken: token}},
	})
	if err != nil {
		return fmt.Errorf("create the source: %w", err)
	}
	return nil
}

// subscribe streams everything from the beginning to show, until ctx ends.
func subscribe(ctx context.Context, caller *client.Client, show *printer) error {
	stream, err := caller.Events().StreamEvents(ctx, &snykstreamv1.StreamEventsRequest{
		Start:             &snykstreamv1.StreamEventsRequest_Position{Position: snykstreamv1.StartPosition_START_POSITION_EARLIEST},
		HeartbeatInterval: durationpb.New(time.Second),
	})
	for err == nil {
		var message *snykstreamv1.StreamEventsResponse
		if message, err = stream.Recv(); err == nil {
			show.message(message)
		}
	}
	show.goodbye()
	return fmt.Errorf("stream events: %w", err)
}
