package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// want holds that the metrics whose TYPE is in text are served with exactly the
// series in it.
func want(t *testing.T, m *Metrics, text string) {
	t.Helper()
	series := map[string][]string{}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if typed, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name = strings.Fields(typed)[0]
			series[name] = nil
		} else if line != "" {
			series[name] = append(series[name], line)
		}
	}
	served := serve(m)
	for name, want := range series {
		var got []string
		for line := range strings.Lines(served) {
			if strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+" ") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func serve(m *Metrics) string {
	res := httptest.NewRecorder()
	m.Handler().ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return res.Body.String()
}

// wantTimed holds how many observations a histogram has.
func wantTimed(t *testing.T, m *Metrics, name string, n int) {
	t.Helper()
	if line := fmt.Sprintf("\n%s_count %d\n", name, n); !strings.Contains(serve(m), line) {
		t.Errorf("not served: %s", line)
	}
}

type fakeSnyk struct{ err error }

func (f fakeSnyk) Search(context.Context, audit.Search) (audit.Answer, error) {
	return audit.Answer{Next: "next"}, f.err
}

func (f fakeSnyk) Follow(context.Context, audit.Search, string) (audit.Answer, error) {
	return audit.Answer{Next: "last"}, f.err
}

func (f fakeSnyk) Organization(context.Context, string) (audit.Organization, error) {
	return audit.Organization{Name: "org"}, f.err
}

func (f fakeSnyk) Organizations(context.Context, string) ([]audit.Organization, error) {
	return []audit.Organization{{Name: "one"}, {Name: "two"}}, f.err
}

func (fakeSnyk) Pace() float64 { return 1.5 }

func TestMeterSnyk(t *testing.T) {
	m := NewMetrics()
	ctx := t.Context()
	ask := func(err error) {
		t.Helper()
		s := m.MeterSnyk(fakeSnyk{err})
		answer, got := s.Search(ctx, audit.Search{})
		if answer.Next != "next" || !errors.Is(got, err) {
			t.Errorf("Search: %v, %v", answer, got)
		}
		answer, got = s.Follow(ctx, audit.Search{}, "next")
		if answer.Next != "last" || !errors.Is(got, err) {
			t.Errorf("Follow: %v, %v", answer, got)
		}
		org, got := s.Organization(ctx, "id")
		if org.Name != "org" || !errors.Is(got, err) {
			t.Errorf("Organization: %v, %v", org, got)
		}
		orgs, got := s.Organizations(ctx, "id")
		if len(orgs) != 2 || !errors.Is(got, err) {
			t.Errorf("Organizations: %v, %v", orgs, got)
		}
		if pace := s.Pace(); pace != 1.5 {
			t.Errorf("Pace: %v", pace)
		}
	}
	ask(nil)
	for class := audit.SnykUnavailable; class <= audit.SnykForeignLink; class++ {
		ask(fmt.Errorf("search: %w", &audit.SnykError{Class: class}))
	}
	ask(fmt.Errorf("search: %w", context.Canceled))
	ask(errors.New("another"))
	want(t, m, `
# TYPE snykstream_snyk_requests_total counter
snykstream_snyk_requests_total{result="bad_answer"} 4
snykstream_snyk_requests_total{result="bad_request"} 4
snykstream_snyk_requests_total{result="canceled"} 4
snykstream_snyk_requests_total{result="failed"} 4
snykstream_snyk_requests_total{result="forbidden"} 4
snykstream_snyk_requests_total{result="foreign_link"} 4
snykstream_snyk_requests_total{result="gone"} 4
snykstream_snyk_requests_total{result="not_found"} 4
snykstream_snyk_requests_total{result="ok"} 4
snykstream_snyk_requests_total{result="rate_limited"} 4
snykstream_snyk_requests_total{result="unauthenticated"} 4
snykstream_snyk_requests_total{result="unavailable"} 4
`)
	wantTimed(t, m, "snykstream_snyk_request_duration_seconds", 48)
}

type fakeJournal struct {
	Journal
	err error
}

func (f fakeJournal) Append(_ context.Context, fence uint64, _ audit.Page) (uint64, error) {
	return fence + 1, f.err
}

func TestMeterJournal(t *testing.T) {
	m := NewMetrics()
	record := func(origin snykstreamv1.Origin) audit.Record {
		return audit.Record{Event: &snykstreamv1.Event{Origin: origin}}
	}
	page := audit.Page{
		SourceID: "prod",
		Records: []audit.Record{
			record(snykstreamv1.Origin_ORIGIN_LIVE), record(snykstreamv1.Origin_ORIGIN_LIVE),
			record(snykstreamv1.Origin_ORIGIN_BACKFILL), record(snykstreamv1.Origin_ORIGIN_LATE),
		},
		Gaps: []*snykstreamv1.Gap{{Reason: audit.GapSnykRetention}},
	}
	for _, err := range []error{
		nil, nil, fmt.Errorf("append: %w", audit.ErrFenced), fmt.Errorf("append: %w", audit.ErrUnknownOutcome),
		context.Canceled, errors.New("another"),
	} {
		fence, got := m.MeterJournal(fakeJournal{err: err}).Append(t.Context(), 7, page)
		if fence != 8 || !errors.Is(got, err) {
			t.Errorf("Append: %d, %v", fence, got)
		}
	}
	want(t, m, `
# TYPE snykstream_journal_appends_total counter
snykstream_journal_appends_total{result="canceled"} 1
snykstream_journal_appends_total{result="failed"} 1
snykstream_journal_appends_total{result="fenced"} 1
snykstream_journal_appends_total{result="ok"} 2
snykstream_journal_appends_total{result="unknown"} 1
# TYPE snykstream_events_stored_total counter
snykstream_events_stored_total{origin="BACKFILL",source="prod"} 2
snykstream_events_stored_total{origin="LATE",source="prod"} 2
snykstream_events_stored_total{origin="LIVE",source="prod"} 4
# TYPE snykstream_journal_gaps_total counter
snykstream_journal_gaps_total{reason="SNYK_RETENTION"} 2
`)
	wantTimed(t, m, "snykstream_journal_append_duration_seconds", 6)
}

type fakeReader struct {
	EntryReader
	entries []*audit.Entry
}

func (f *fakeReader) Next(context.Context) (*audit.Entry, error) {
	if len(f.entries) == 0 {
		return nil, context.Canceled
	}
	next := f.entries[0]
	f.entries = f.entries[1:]
	return next, nil
}

func TestMeterReader(t *testing.T) {
	m := NewMetrics()
	r := m.MeterReader(&fakeReader{entries: []*audit.Entry{
		{SourceID: "prod", Gaps: []*snykstreamv1.Gap{{Reason: audit.GapSnykRetention}}},
		{Gaps: []*snykstreamv1.Gap{{Reason: audit.GapJournalLoss}}},
	}})
	for range 2 {
		if entry, err := r.Next(t.Context()); entry == nil || err != nil {
			t.Errorf("Next: %v, %v", entry, err)
		}
	}
	if entry, err := r.Next(t.Context()); entry != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Next at the end: %v, %v", entry, err)
	}
	want(t, m, `
# TYPE snykstream_journal_gaps_total counter
snykstream_journal_gaps_total{reason="JOURNAL_LOSS"} 1
`)
}

type fakeBoard struct{ calls []string }

func (f *fakeBoard) Roster(id string, feeds []audit.Feed, trouble *audit.Trouble) {
	f.calls = append(f.calls, fmt.Sprintf("roster %s %v %v", id, feeds, trouble.Message))
}
func (f *fakeBoard) Report(r audit.FeedReport) { f.calls = append(f.calls, "report "+r.SourceID) }
func (f *fakeBoard) Trouble(id string, _ audit.Feed, _ *audit.Trouble) {
	f.calls = append(f.calls, "trouble "+id)
}
func (f *fakeBoard) Forget(id string) { f.calls = append(f.calls, "forget "+id) }

func TestMeterBoard(t *testing.T) {
	m := NewMetrics()
	inner := &fakeBoard{}
	b := m.MeterBoard(inner)
	feed := audit.Feed{Scope: audit.ScopeOrg, ID: "one"}
	trouble := func(reason snykstreamv1.ErrorReason) *audit.Trouble { return &audit.Trouble{Reason: reason} }
	limited := trouble(snykstreamv1.ErrorReason_ERROR_REASON_SNYK_RATE_LIMITED)
	report := func(trouble *audit.Trouble) {
		b.Report(audit.FeedReport{SourceID: "prod", Feed: feed, Trouble: trouble})
	}
	report(nil)
	report(limited)
	report(limited)
	report(trouble(snykstreamv1.ErrorReason_ERROR_REASON_SNYK_RATE_LIMITED))
	report(nil)
	b.Trouble("prod", feed, trouble(snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE))
	b.Trouble("dev", feed, trouble(snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE))
	want(t, m, `
# TYPE snykstream_feed_poll_failures_total counter
snykstream_feed_poll_failures_total{reason="CREDENTIALS_UNREADABLE",source="dev"} 1
snykstream_feed_poll_failures_total{reason="CREDENTIALS_UNREADABLE",source="prod"} 1
snykstream_feed_poll_failures_total{reason="SNYK_RATE_LIMITED",source="prod"} 2
`)

	for _, id := range []string{"prod", "dev"} {
		m.Appended(audit.Page{SourceID: id, Records: []audit.Record{{Event: &snykstreamv1.Event{Origin: snykstreamv1.Origin_ORIGIN_LIVE}}}}, nil, time.Second)
	}
	b.Forget("prod")
	want(t, m, `
# TYPE snykstream_feed_poll_failures_total counter
snykstream_feed_poll_failures_total{reason="CREDENTIALS_UNREADABLE",source="dev"} 1
# TYPE snykstream_events_stored_total counter
snykstream_events_stored_total{origin="LIVE",source="dev"} 1
`)
	// A source of the same id is another one.
	report(limited)
	b.Forget("prod")
	report(limited)
	want(t, m, `
# TYPE snykstream_feed_poll_failures_total counter
snykstream_feed_poll_failures_total{reason="CREDENTIALS_UNREADABLE",source="dev"} 1
snykstream_feed_poll_failures_total{reason="SNYK_RATE_LIMITED",source="prod"} 1
`)
	wantCalls := []string{
		"report prod", "report prod", "report prod", "report prod", "report prod", "trouble prod", "trouble dev", "forget prod",
		"report prod", "forget prod", "report prod",
	}
	if diff := cmp.Diff(wantCalls, inner.calls); diff != "" {
		t.Errorf("the board saw (-want +got):\n%s", diff)
	}
}

// TestMeterRoster: a feed that is no longer read is forgotten, and one that comes
// back is another one.
func TestMeterRoster(t *testing.T) {
	m := NewMetrics()
	inner := &fakeBoard{}
	b := m.MeterBoard(inner)
	one, two := audit.Feed{Scope: audit.ScopeOrg, ID: "one"}, audit.Feed{Scope: audit.ScopeOrg, ID: "two"}
	limited := &audit.Trouble{Reason: snykstreamv1.ErrorReason_ERROR_REASON_SNYK_RATE_LIMITED, Message: "why"}
	show := func() {
		b.Report(audit.FeedReport{SourceID: "prod", Feed: one, Trouble: limited})
		b.Report(audit.FeedReport{SourceID: "prod", Feed: two, Trouble: limited})
	}
	b.Roster("prod", []audit.Feed{one, two}, limited)
	show()
	b.Roster("prod", []audit.Feed{one}, limited)
	if n := len(b.shown["prod"]); n != 1 {
		t.Errorf("%d feeds are remembered", n)
	}
	show()
	want(t, m, `
# TYPE snykstream_feed_poll_failures_total counter
snykstream_feed_poll_failures_total{reason="SNYK_RATE_LIMITED",source="prod"} 3
`)
	if diff := cmp.Diff([]string{"roster prod [org/one org/two] why", "report prod", "report prod", "roster prod [org/one] why", "report prod", "report prod"}, inner.calls); diff != "" {
		t.Errorf("the board saw (-want +got):\n%s", diff)
	}
}

// sources are two sources as GetSource shows them.
func sources() []*snykstreamv1.Source {
	at := func(seconds int64, nanos int32) *timestamppb.Timestamp {
		return &timestamppb.Timestamp{Seconds: seconds, Nanos: nanos}
	}
	return []*snykstreamv1.Source{
		{Id: "prod", Snyk: &snykstreamv1.SnykConfig{PollInterval: durationpb.New(30 * time.Second)}, Status: &snykstreamv1.SourceStatus{
			Credential: &snykstreamv1.CredentialInfo{ExpireTime: at(1800000000, 0)},
			State:      snykstreamv1.SourceState_SOURCE_STATE_HEALTHY, DropOff: snykstreamv1.AlarmState_ALARM_STATE_ALARM,
			Feeds: []*snykstreamv1.FeedStatus{{
				Feed: "org/one", CoveredThrough: at(1700000000, 250_000_000), LastEventTime: at(1700000001, 0),
				LastSuccessTime: at(1700000002, 0), LateEvents: 3, RewrittenEvents: 4, UnreadableEvents: 5,
				PollInterval: durationpb.New(74 * time.Second), Overlap: durationpb.New(5 * time.Minute), LostTime: durationpb.New(90*time.Minute + 500*time.Millisecond),
			}},
		}},
		{Id: "dev", Status: &snykstreamv1.SourceStatus{
			State: snykstreamv1.SourceState_SOURCE_STATE_PENDING, DropOff: snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA,
			Feeds: []*snykstreamv1.FeedStatus{{Feed: "org/two"}},
		}},
	}
}

func TestObserve(t *testing.T) {
	m := NewMetrics()
	want(t, m, "# TYPE snykstream_source_state gauge\n")
	now := sources()
	m.Observe(func() []*snykstreamv1.Source { return now })
	state := func(source, state string) string {
		var out strings.Builder
		for _, s := range []string{
			"AUTH_FAILED", "BACKFILLING", "DEGRADED", "HEALTHY", "LAGGING", "NOT_ENTITLED", "PAUSED", "PENDING", "RATE_LIMITED",
		} {
			fmt.Fprintf(&out, "snykstream_source_state{source=%q,state=%q} %v\n", source, s, bit(s == state))
		}
		return out.String()
	}
	want(t, m, "# TYPE snykstream_source_state gauge\n"+state("dev", "PENDING")+state("prod", "HEALTHY")+`
# TYPE snykstream_drop_off_alarm gauge
snykstream_drop_off_alarm{source="dev"} 0
snykstream_drop_off_alarm{source="prod"} 1
# TYPE snykstream_feed_covered_through_timestamp_seconds gauge
snykstream_feed_covered_through_timestamp_seconds{feed="org/one",source="prod"} 1.70000000025e+09
# TYPE snykstream_feed_last_event_timestamp_seconds gauge
snykstream_feed_last_event_timestamp_seconds{feed="org/one",source="prod"} 1.700000001e+09
# TYPE snykstream_feed_last_success_timestamp_seconds gauge
snykstream_feed_last_success_timestamp_seconds{feed="org/one",source="prod"} 1.700000002e+09
# TYPE snykstream_late_events_total counter
snykstream_late_events_total{feed="org/one",source="prod"} 3
snykstream_late_events_total{feed="org/two",source="dev"} 0
# TYPE snykstream_rewritten_records_total counter
snykstream_rewritten_records_total{feed="org/one",source="prod"} 4
snykstream_rewritten_records_total{feed="org/two",source="dev"} 0
# TYPE snykstream_unreadable_records_total counter
snykstream_unreadable_records_total{feed="org/one",source="prod"} 5
snykstream_unreadable_records_total{feed="org/two",source="dev"} 0
# TYPE snykstream_source_poll_interval_seconds gauge
snykstream_source_poll_interval_seconds{source="prod"} 30
# TYPE snykstream_credential_expiry_timestamp_seconds gauge
snykstream_credential_expiry_timestamp_seconds{source="prod"} 1.8e+09
# TYPE snykstream_feed_poll_interval_seconds gauge
snykstream_feed_poll_interval_seconds{feed="org/one",source="prod"} 74
# TYPE snykstream_feed_overlap_seconds gauge
snykstream_feed_overlap_seconds{feed="org/one",source="prod"} 300
# TYPE snykstream_feed_lost_seconds_total counter
snykstream_feed_lost_seconds_total{feed="org/one",source="prod"} 5400.5
`)
	now = now[1:]
	want(t, m, "# TYPE snykstream_source_state gauge\n"+state("dev", "PENDING"))
}

func TestStreams(t *testing.T) {
	m := NewMetrics()
	m.StreamOpened()
	m.StreamOpened()
	m.StreamClosed()
	m.StreamRefused()
	m.EventsSent(250)
	m.EventsSent(6)
	want(t, m, `
# TYPE snykstream_streams_open gauge
snykstream_streams_open 1
# TYPE snykstream_streams_refused_total counter
snykstream_streams_refused_total 1
# TYPE snykstream_stream_events_sent_total counter
snykstream_stream_events_sent_total 256
`)
}

func TestHandler(t *testing.T) {
	served := serve(NewMetrics())
	for _, text := range []string{"snykstream_build_info{", `goversion="go1`, "snykstream_streams_open 0", "go_goroutines ", "process_"} {
		if !strings.Contains(served, text) {
			t.Errorf("the metrics have no %s", text)
		}
	}
}

// TestServersDoNotMeet holds that two servers of one process, as in tests, count
// apart.
func TestServersDoNotMeet(t *testing.T) {
	one, two := NewMetrics(), NewMetrics()
	one.StreamOpened()
	want(t, two, "# TYPE snykstream_streams_open gauge\nsnykstream_streams_open 0\n")
}
