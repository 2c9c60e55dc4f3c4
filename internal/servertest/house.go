package servertest

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/snyksim"
	"github.com/snykstream/snykstream/server"
)

// PollInterval is the shortest that a source may have.
const PollInterval = 5 * time.Second

// WideLimits are ten times Snyk's: with them the pace of one credential does not
// hold up a test with many feeds.
func WideLimits() snyksim.RateLimit {
	return snyksim.RateLimit{Windows: []snyksim.Window{
		{Count: 1600, Per: time.Second}, {Count: 16_200, Per: time.Minute}, {Count: 972_000, Per: time.Hour},
	}}
}

// House is a simulated Snyk with one organization in a group, and a server that
// can be stopped and started again on the same folder.
type House struct {
	T     *testing.T
	Sim   *snyksim.Sim
	Group snyksim.Group
	Org   snyksim.Org
	// Token reads the organization.
	Token snyksim.Token
	// API is the URL of the simulated Snyk.
	API *url.URL
	// Config is the server's; change it between Stop and Start.
	Config config.Config

	client *client.Client
	stop   context.CancelFunc
	done   chan error
	addr   string
	// admin is the address of metrics and probes.
	admin string
}

// New makes a house and starts its server.
func New(t *testing.T) *House {
	t.Helper()
	h := Unstarted(t)
	h.Start()
	return h
}

// Unstarted makes a house whose server does not run yet.
func Unstarted(t *testing.T) *House {
	t.Helper()
	return UnstartedWith(t, snyksim.Config{Seed: 1})
}

// UnstartedWith is Unstarted with a Snyk as configured.
func UnstartedWith(t *testing.T, snyk snyksim.Config) *House {
	t.Helper()
	sim, err := snyksim.New(snyk)
	if err != nil {
		t.Fatal(err)
	}
	group := sim.AddGroup("Group")
	org := sim.PutOrg(snyksim.Org{Name: "Goof", GroupID: group.ID})
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	address, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &House{
		T: t, Sim: sim, Group: group, Org: org, API: address,
		Token: sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(org.ID)}}),
		Config: config.Config{
			Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", DataDir: t.TempDir(), Retention: config.DefaultRetention,
			SnykEndpoints: map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_SNYK_US_01: api.URL},
		},
	}
}

// Start starts the server and waits until it serves.
func (h *House) Start() {
	h.T.Helper()
	s, err := server.New(h.T.Context(), server.Config{Config: h.Config, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.stop, h.done, h.addr = cancel, make(chan error, 1), s.Addr().String()
	h.admin = s.AdminAddr().String()
	done := h.done
	go func() { done <- s.Run(ctx) }()
	select {
	case <-s.Ready():
	case err := <-done:
		cancel()
		h.T.Fatal("the server stopped before it served: ", err)
	}
	h.Connect(h.addr)
	h.T.Cleanup(h.Stop)
}

// Connect makes h's calls go to an address, such as that of another process.
func (h *House) Connect(address string) {
	h.T.Helper()
	made, err := client.New(client.Config{Address: address})
	if err != nil {
		h.T.Fatal(err)
	}
	h.addr, h.client = address, made
	h.T.Cleanup(func() { _ = made.Close() })
}

// Stop stops the server as SIGTERM does. Stopping twice is the same as once.
func (h *House) Stop() {
	h.T.Helper()
	if h.stop == nil {
		return
	}
	h.stop()
	h.stop = nil
	if err := <-h.done; err != nil && !errors.Is(err, context.Canceled) {
		h.T.Error("the server ended with ", err)
	}
}

// Addr is the address of the gRPC services.
func (h *House) Addr() string { return h.addr }

// AdminAddr is the address of metrics and probes.
func (h *House) AdminAddr() string { return h.admin }

// Conn is a connection to the server.
func (h *House) Conn() *grpc.ClientConn { return h.client.Conn() }

// Sources calls SourceService.
func (h *House) Sources() snykstreamv1.SourceServiceClient {
	return h.client.Sources()
}

// Events calls EventService.
func (h *House) Events() snykstreamv1.EventServiceClient {
	return h.client.Events()
}
