package grpcapi

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	orgID   = "0d3728ec-eebf-484d-9907-ba238019f10b"
	otherID = "1e4839fd-ffc0-495e-8018-cb349120a21c"
	groupID = "2f594a0e-00d1-4a6f-9129-dc45a231b32d"
	// token is a credential that must never be seen again.
	token = "11111111-2222-4333-8444-5ec4e75ec4e7"
)

// world is a server with all its parts, and a client of it.
type world struct {
	sources *memory
	checker *inspector
	board   board
	ledgers ledgers
	fences  *fences
	metrics *grpcprom.ServerMetrics
	log     *buffer
	server  *grpc.Server
	conn    *grpc.ClientConn
	client  snykstreamv1.SourceServiceClient
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newWorld starts a server with the production interceptors on a listener in
// memory.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		sources: newMemory(), checker: &inspector{}, board: board{}, ledgers: ledgers{}, fences: &fences{},
		metrics: grpcprom.NewServerMetrics(), log: &buffer{},
	}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	validator, err := NewValidator(func() time.Time { return testTime })
	if err != nil {
		t.Fatal(err)
	}
	service, err := NewSourceService(SourceConfig{
		Sources: w.sources, Vacancies: w.sources, Vault: w.sources, Checker: w.checker,
		Statuses: w.board, Ledgers: w.ledgers, Fencer: w.fences, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	events, err := NewEventService(EventsConfig{
		Positions: nowhere{}, Tokens: nowhere{}, Progress: nowhere{}, Metrics: nowhere{}, Log: log, Drain: make(chan struct{}),
		Read:   func(audit.Position) EntryReader { return nil },
		Labels: func(string) map[string]string { return nil },
		States: func(string) snykstreamv1.SourceState { return snykstreamv1.SourceState_SOURCE_STATE_UNSPECIFIED },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server = grpc.NewServer(ServerOptions(ServerConfig{Log: log, Validator: validator, Metrics: w.metrics})...)
	Register(w.server, Services{
		Source: service,
		Event:  events,
		Schema: NewSchemaService([]*snykstreamv1.Schema{{Name: "Snyk.OrgAudit"}, {Name: "Snyk.GroupAudit"}}),
	})
	healthpb.RegisterHealthServer(w.server, health.NewServer())
	reflection.Register(w.server)
	w.serve(t)
	w.client = snykstreamv1.NewSourceServiceClient(w.conn)
	return w
}

func (w *world) serve(t *testing.T) {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.server.Serve(listener) })
	conn, err := grpc.NewClient("passthrough:///memory",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	w.conn = conn
	t.Cleanup(func() {
		_ = conn.Close()
		w.server.Stop()
		wg.Wait()
	})
}

// failure is an error as a caller sees it.
type failure struct {
	code   codes.Code
	reason string
	// fields are BadRequest's, in order, violations PreconditionFailure's.
	fields     []string
	violations []*errdetails.PreconditionFailure_Violation
	bad        map[string]*errdetails.BadRequest_FieldViolation
	retry      time.Duration
	metadata   map[string]string
	text       string
}

// failureOf reads an error and holds it to what every error of the service is
// held to: a standard code that the reason's row has, and ErrorInfo.
func failureOf(t *testing.T, err error) failure {
	t.Helper()
	st, ok := status.FromError(err)
	if !ok || st.Code() == codes.OK {
		t.Fatalf("want an error with a status, got %v", err)
	}
	f := failure{code: st.Code(), text: st.Message(), bad: map[string]*errdetails.BadRequest_FieldViolation{}}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			f.reason, f.metadata = d.GetReason(), d.GetMetadata()
			if d.GetDomain() != "snykstream" {
				t.Errorf("domain %q, want snykstream", d.GetDomain())
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				f.fields = append(f.fields, v.GetField())
				f.bad[v.GetField()] = v
			}
		case *errdetails.PreconditionFailure:
			f.violations = d.GetViolations()
		case *errdetails.RetryInfo:
			f.retry = d.GetRetryDelay().AsDuration()
		}
	}
	reason := snykstreamv1.ErrorReason(snykstreamv1.ErrorReason_value["ERROR_REASON_"+f.reason])
	if row, ok := rowOf(reason); !ok || !slices.Contains(row.codes, f.code) {
		t.Errorf("code %s does not come with reason %q in the table (%s)", f.code, f.reason, f.text)
	}
	return f
}

// wantFailure checks code, reason and the bad fields in order.
func wantFailure(t *testing.T, err error, code codes.Code, reason string, fields ...string) failure {
	t.Helper()
	f := failureOf(t, err)
	if f.code != code || f.reason != reason {
		t.Errorf("got %s %s (%s), want %s %s", f.code, f.reason, f.text, code, reason)
	}
	if !slices.Equal(f.fields, fields) {
		t.Errorf("bad fields %q, want %q", f.fields, fields)
	}
	return f
}

// aSource is a source that nothing is wrong with.
func aSource() *snykstreamv1.Source {
	return &snykstreamv1.Source{DisplayName: "My Snyk logs", Snyk: &snykstreamv1.SnykConfig{OrganizationId: orgID}}
}

func aToken() *snykstreamv1.Credentials {
	return &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_ApiToken{ApiToken: token}}
}

// create makes a source, changed as told.
func (w *world) create(t *testing.T, id string, change ...func(*snykstreamv1.Source)) *snykstreamv1.Source {
	t.Helper()
	source := aSource()
	for _, c := range change {
		c(source)
	}
	answer, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: source, SourceId: id, Credentials: aToken(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetSource()
}
