package journal

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
)

const source = "my-source"

var (
	feedA = audit.Feed{Scope: audit.ScopeOrg, ID: "a040f8e3-0a53-4b5c-b0e3-39c4bd2bd4d4"}
	feedB = audit.Feed{Scope: audit.ScopeOrg, ID: "b040f8e3-0a53-4b5c-b0e3-39c4bd2bd4d4"}
	// epoch is when the events of tests happen.
	epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// store is an engine and a journal on it.
type store struct {
	*Journal
	engine *engine.Engine
}

func openStore(tb testing.TB, dir string, configure ...func(*Config)) *store {
	tb.Helper()
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Config{DataDir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	cfg := Config{Engine: e, Retention: 24 * time.Hour, Log: slog.New(slog.DiscardHandler)}
	for _, c := range configure {
		c(&cfg)
	}
	j, err := Open(ctx, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return &store{Journal: j, engine: e}
}

func (s *store) close(tb testing.TB) {
	tb.Helper()
	if err := s.engine.Close(context.Background()); err != nil {
		tb.Fatal(err)
	}
}

// newStore is a store on a new folder, closed with the test.
func newStore(tb testing.TB, configure ...func(*Config)) *store {
	tb.Helper()
	s := openStore(tb, tb.TempDir(), configure...)
	tb.Cleanup(func() { s.close(tb) })
	return s
}

// tailing runs the tail until the test ends.
func (s *store) tailing(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
}

// writer appends pages of a feed as a collector does.
type writer struct {
	s     *store
	id    string
	feed  audit.Feed
	fence uint64
	state audit.FeedState
}

func (s *store) writer(tb testing.TB, feed audit.Feed) *writer {
	tb.Helper()
	w := &writer{s: s, id: source, feed: feed}
	w.reload(tb)
	return w
}

func (w *writer) reload(tb testing.TB) {
	tb.Helper()
	snapshot, err := w.s.Load(tb.Context(), w.id)
	if err != nil {
		tb.Fatal(err)
	}
	w.fence, w.state = snapshot.Fence, snapshot.Feeds[w.feed]
}

// page is a page of n events that follow the feed's last one, a second apart.
func (w *writer) page(n int) audit.Page {
	page := audit.Page{SourceID: w.id, Feed: w.feed, Before: w.state, State: w.state.Clone()}
	for range n {
		page.State.LastSequence++
		page.State.LastEventTime = epoch.Add(time.Duration(page.State.LastSequence) * time.Second)
		page.Records = append(page.Records, testRecord(w.id, w.feed, page.State.LastSequence, page.State.LastEventTime))
	}
	page.State.Lane(audit.LaneDefault).Frontier = page.State.LastEventTime
	return page
}

func (w *writer) append(tb testing.TB, page audit.Page) error {
	tb.Helper()
	fence, err := w.s.Append(context.Background(), w.fence, page)
	if err == nil {
		w.fence, w.state = fence, page.State
	}
	return err
}

func (w *writer) mustAppend(tb testing.TB, n int) audit.Page {
	tb.Helper()
	page := w.page(n)
	if err := w.append(tb, page); err != nil {
		tb.Fatal(err)
	}
	return page
}

func testRecord(sourceID string, feed audit.Feed, sequence uint64, at time.Time) audit.Record {
	content, err := structpb.NewStruct(map[string]any{"after": "admin", "before": "collaborator", "n": float64(sequence)})
	if err != nil {
		panic(err)
	}
	id := fmt.Sprintf("id-%s-%d", feed.ID[:4], sequence)
	return audit.Record{
		Event: &snykstreamv1.Event{
			Id:        id,
			SourceId:  sourceID,
			LogType:   feed.LogType(),
			EventTime: timestamppb.New(at),
			Category:  snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE,
			Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
				GroupId: "7bb4a3ad-3b5a-4d9c-8d2e-2a0e0a7f6a11", OrgId: feed.ID,
				UserId: "1e5a8b0c-0d6c-4f0a-8f5e-0d3b7b7a2f10", Event: "org.user.role.edit",
				Created: timestamppb.New(at), Content: content,
			}},
			Sequence: sequence,
			Feed:     feed.String(),
			Origin:   snykstreamv1.Origin_ORIGIN_LIVE,
		},
		Raw: fmt.Appendf(nil, `{"event":"org.user.role.edit","created":%q,"org_id":%q,"content":{"after":"admin","before":"collaborator","n":%d}}`,
			at.Format(time.RFC3339Nano), feed.ID, sequence),
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
