package grpcapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
	"github.com/snykstream/snykstream/internal/grpcapi"
	journals "github.com/snykstream/snykstream/internal/journal"
)

// realStreams is the EventService on a real journal, with the interceptors of
// production, and what was appended to it.
type realStreams struct {
	streams

	log *journals.Journal

	mu sync.Mutex
	// appended are the records by the sequence of their entry; guarded by mu.
	appended map[uint64][]audit.Record
}

func newRealStreams(t *testing.T, retention time.Duration) *realStreams {
	t.Helper()
	store, err := engine.Open(t.Context(), engine.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.Background()) })
	log, err := journals.Open(t.Context(), journals.Config{Engine: store, Retention: retention})
	if err != nil {
		t.Fatal(err)
	}
	s := &realStreams{log: log, appended: map[uint64][]audit.Record{}}
	service, err := grpcapi.NewEventService(grpcapi.EventsConfig{
		Positions: log, Tokens: log, Progress: &s.streams, Metrics: &s.streams,
		Read:   func(at audit.Position) grpcapi.EntryReader { return log.Read(at) },
		Labels: func(string) map[string]string { return nil },
		States: func(string) snykstreamv1.SourceState { return healthy },
		Drain:  make(chan struct{}), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.journal = newJournal() // for what counts readers
	s.server = grpc.NewServer(grpcapi.ServerOptions(grpcapi.ServerConfig{Log: slog.New(slog.DiscardHandler), Validator: validator})...)
	snykstreamv1.RegisterEventServiceServer(s.server, service)
	s.client = snykstreamv1.NewEventServiceClient(s.serve(t))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// write appends so many pages of a source, as one collector.
func (s *realStreams) write(source string, pages int, dice *rand.Rand) error {
	ctx := context.Background()
	snapshot, err := s.log.Load(ctx, source)
	if err != nil {
		return err
	}
	fence, state := snapshot.Fence, audit.FeedState{}
	for range pages {
		page := audit.Page{SourceID: source, Feed: orgFeed, Before: state, State: state.Clone()}
		for range 1 + dice.IntN(30) {
			page.State.LastSequence++
			page.State.LastEventTime = time.Now().UTC()
			page.Records = append(page.Records, realRecord(source, page.State.LastSequence, dice))
		}
		if fence, err = s.log.Append(ctx, fence, page); err != nil {
			return err
		}
		state = page.State
		s.mu.Lock()
		s.appended[fence] = page.Records
		s.mu.Unlock()
	}
	return nil
}

func realRecord(source string, sequence uint64, dice *rand.Rand) audit.Record {
	name := [...]string{"x", "y", "z"}[dice.IntN(3)]
	record := audit.Record{
		Event: &event{
			Id: fmt.Sprint(source, "-", sequence), SourceId: source, Feed: orgFeed.String(), Sequence: sequence,
			EventTime: timestamppb.Now(), LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT,
			Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
				Event: name, OrgId: orgFeed.ID,
				Content: &structpb.Struct{Fields: map[string]*structpb.Value{"n": structpb.NewNumberValue(float64(sequence))}},
			}},
		},
		Raw: fmt.Appendf(nil, `{"event":%q,"n":%d}`, name, sequence),
	}
	switch dice.IntN(50) {
	case 0: // could not be read: it carries its bytes itself
		record.Event.Record, record.Event.RawJson, record.Raw = nil, string(record.Raw), nil
	case 1: // no text
		record.Raw = append(record.Raw, 0xff)
	case 2: // large
		record.Raw = append(record.Raw, make([]byte, 100<<10)...)
	}
	return record
}

// slowly is the record as a stream sends it, made by the slow way: from the event
// itself.
func slowly(r audit.Record, raw bool) *event {
	sent := proto.CloneOf(r.Event)
	if !raw || len(r.Raw) == 0 {
		return sent
	}
	if sent.RawJson = string(r.Raw); r.Raw[len(r.Raw)-1] == 0xff {
		sent.RawJson, sent.RawBytes = "", r.Raw
	}
	return sent
}

// wanted says whether a filter by one name lets the record through, by the slow way.
func wanted(r audit.Record, name string) bool {
	record := r.Event.GetOrgAudit()
	return name == "" || record == nil || record.GetEvent() == name
}
