package grpcapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/grpcapi"
)

type (
	request  = snykstreamv1.StreamEventsRequest
	response = snykstreamv1.StreamEventsResponse
	event    = snykstreamv1.Event
)

// The rules are compiled once, and in no bubble of virtual time.
var validator, errValidator = grpcapi.NewValidator(time.Now)

// streams is a server of the EventService on a journal in memory, with the
// interceptors of production, and a client of it.
type streams struct {
	*journal

	drain  chan struct{}
	server *grpc.Server
	client snykstreamv1.EventServiceClient

	mu sync.Mutex
	// opened, closed and sent are what the metrics counted.
	opened, closed, sent int
	// left are the readers that were open when a stream was closed.
	left    int
	labels  map[string]map[string]string
	states  map[string]snykstreamv1.SourceState
	reports []audit.FeedReport
	// unlisted are the feeds that the collectors leave out, by source.
	unlisted map[string][]audit.Feed
}

func (s *streams) StreamOpened()    { s.count(func() { s.opened++ }) }
func (s *streams) StreamClosed()    { s.count(func() { s.closed++; s.left = s.openReaders() }) }
func (s *streams) EventsSent(n int) { s.count(func() { s.sent += n }) }

func (s *streams) count(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// Reports implements grpcapi.Progress.
func (s *streams) Reports() []audit.FeedReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

// Unlisted implements grpcapi.Progress.
func (s *streams) Unlisted(sourceID string, feed audit.Feed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.unlisted[sourceID], feed)
}

func newStreams(tb testing.TB, dial ...grpc.DialOption) *streams {
	tb.Helper()
	return newStreamsWith(tb, func(*grpcapi.EventsConfig) {}, dial...)
}

func newStreamsWith(tb testing.TB, configure func(*grpcapi.EventsConfig), dial ...grpc.DialOption) *streams {
	tb.Helper()
	s := &streams{
		journal: newJournal(), drain: make(chan struct{}),
		states: map[string]snykstreamv1.SourceState{"a": healthy, "b": healthy},
	}
	cfg := grpcapi.EventsConfig{
		Positions: s.journal, Tokens: s.journal, Read: s.read,
		Labels:   func(id string) map[string]string { return s.labels[id] },
		States:   func(id string) snykstreamv1.SourceState { return s.states[id] },
		Progress: s, Drain: s.drain, Metrics: s, Log: slog.New(slog.DiscardHandler),
	}
	configure(&cfg)
	service, err := grpcapi.NewEventService(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	if errValidator != nil {
		tb.Fatal(errValidator)
	}
	s.server = grpc.NewServer(grpcapi.ServerOptions(grpcapi.ServerConfig{Log: slog.New(slog.DiscardHandler), Validator: validator})...)
	snykstreamv1.RegisterEventServiceServer(s.server, service)
	s.client = snykstreamv1.NewEventServiceClient(s.serve(tb, dial...))
	return s
}

func (s *streams) serve(tb testing.TB, dial ...grpc.DialOption) *grpc.ClientConn {
	tb.Helper()
	listener := bufconn.Listen(1 << 16)
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.server.Serve(listener) })
	conn, err := grpc.NewClient("passthrough:///memory", append(dial,
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = conn.Close()
		s.server.Stop()
		wg.Wait()
	})
	return conn
}

// arrival is a message, and when it came after the call.
type arrival struct {
	*response

	at time.Duration
}

// subscriber is a client that takes messages as they come.
type subscriber struct {
	cancel context.CancelFunc
	ended  chan struct{}

	mu  sync.Mutex
	got []arrival
	// err is what ended the stream, nil for OK.
	err error
}

func (s *streams) subscribe(tb testing.TB, req *request) *subscriber {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	began := time.Now()
	stream, err := s.client.StreamEvents(ctx, req)
	if err != nil {
		tb.Fatal(err)
	}
	sub := &subscriber{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(sub.ended)
		for {
			message, err := stream.Recv()
			sub.mu.Lock()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					sub.err = err
				}
				sub.mu.Unlock()
				return
			}
			sub.got = append(sub.got, arrival{message, time.Since(began)})
			sub.mu.Unlock()
		}
	}()
	tb.Cleanup(func() {
		cancel()
		<-sub.ended
	})
	return sub
}

// settled returns what has come once nothing moves any more. It must be called in
// a bubble of synctest.
func (s *subscriber) settled() []arrival {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// all waits for the stream's end, and returns what came.
func (s *subscriber) all() ([]arrival, error) {
	<-s.ended
	return s.got, s.err
}

// idsOf are the events' ids in the order they came.
func idsOf(got []arrival) []string {
	var ids []string
	for _, m := range got {
		for _, e := range m.GetEvents() {
			ids = append(ids, e.GetId())
		}
	}
	return ids
}

func names(prefix string, from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

const healthy = snykstreamv1.SourceState_SOURCE_STATE_HEALTHY

var orgFeed = audit.Feed{Scope: audit.ScopeOrg, ID: "o1"}

// page makes an entry of a source with an event for each id; the id is the
// event's name too.
func page(source string, ids ...string) *entry {
	made := &entry{Entry: audit.Entry{SourceID: source, Feed: orgFeed}}
	for _, id := range ids {
		made.Records = append(made.Records, audit.Record{
			Event: &event{
				Id: id, EventTime: timestamppb.Now(), LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT,
				Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{Event: id, OrgId: "o1"}},
			},
			Raw: []byte(`{"event":"` + id + `"}`),
		})
	}
	return made
}

func earliest() *request {
	return &request{Start: &snykstreamv1.StreamEventsRequest_Position{Position: snykstreamv1.StartPosition_START_POSITION_EARLIEST}}
}

func resume(token string) *request {
	return &request{Start: &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: token}}
}

// only lets events with the names through.
func only(names ...string) []*snykstreamv1.EventFilter {
	return []*snykstreamv1.EventFilter{{EventNames: names}}
}

func seconds(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }

// wantStatus checks an error as callers see it.
func wantStatus(t *testing.T, err error, code codes.Code, reason string) *errdetails.ErrorInfo {
	t.Helper()
	info := &errdetails.ErrorInfo{}
	for _, detail := range status.Convert(err).Details() {
		if d, ok := detail.(*errdetails.ErrorInfo); ok {
			info = d
		}
	}
	if status.Code(err) != code || info.GetReason() != reason {
		t.Errorf("error %v with reason %q, want %s with %s", err, info.GetReason(), code, reason)
	}
	return info
}

func describe(got []arrival) string {
	var b strings.Builder
	for _, m := range got {
		fmt.Fprintf(&b, "%v: %d events %v, token %q, gaps %v, caught up %t, %v\n", m.at, len(m.GetEvents()),
			idsOf([]arrival{m}), m.GetResumeToken(), m.GetGaps(), m.GetCaughtUp(), m.GetHeartbeat())
	}
	return b.String()
}
