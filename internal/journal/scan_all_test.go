package journal

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

var (
	feedGroup = audit.Feed{Scope: audit.ScopeGroup, ID: "c040f8e3-0a53-4b5c-b0e3-39c4bd2bd4d4"}
	allFeeds  = audit.Feed{}
)

// turns lets several feeds of the source append in turn.
type turns struct {
	s     *store
	feeds map[audit.Feed]*writer
	fence uint64
}

func (s *store) turns(tb testing.TB, feeds ...audit.Feed) *turns {
	tb.Helper()
	out := &turns{s: s, feeds: map[audit.Feed]*writer{}}
	for _, f := range feeds {
		out.feeds[f] = s.writer(tb, f)
	}
	return out
}

func (t *turns) page(feed audit.Feed, n int) audit.Page { return t.feeds[feed].page(n) }

func (t *turns) append(tb testing.TB, page audit.Page) audit.Page {
	tb.Helper()
	w := t.feeds[page.Feed]
	w.fence = t.fence
	if err := w.append(tb, page); err != nil {
		tb.Fatal(err)
	}
	t.fence = w.fence
	return page
}

func (t *turns) control(tb testing.TB) {
	tb.Helper()
	if err := t.s.Fence(tb.Context(), source, "update"); err != nil {
		tb.Fatal(err)
	}
	t.fence++
}

// TestScanOfAllFeeds: the feeds of a source in the order of the journal, with
// controls and chunks between them and after them, and nothing of other sources.
func TestScanOfAllFeeds(t *testing.T) {
	s := newStore(t, small)
	if got := s.scan(t, allFeeds, time.Time{}); got != nil {
		t.Errorf("an empty journal gave %v", got)
	}
	for _, id := range []string{source + "-2", "other"} {
		other := &writer{s: s, id: id, feed: feedA}
		other.mustAppend(t, 1)
	}
	if got := s.scan(t, allFeeds, time.Time{}); got != nil {
		t.Errorf("the entries of others gave %v", got)
	}
	w := s.turns(t, feedA, feedB, feedGroup)
	first := w.append(t, w.page(feedGroup, 3))
	w.control(t)
	second := w.append(t, w.page(feedA, 2))
	large := w.page(feedB, 2)
	large.Records[1].Raw = bytes.Repeat([]byte("x"), 20<<10)
	large = w.append(t, large)
	third := w.append(t, w.page(feedA, 2))
	w.control(t)

	// Bytes in chunks are not the scan's.
	large.Records[1].Raw = nil
	if diff := cmp.Diff(storedOf(first, second, large, third), s.scan(t, allFeeds, time.Time{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(storedOf(second, third), s.scan(t, feedA, time.Time{})); diff != "" {
		t.Error(diff)
	}
	mark, err := s.single(t.Context(), w.fence-1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(storedOf(third), s.scan(t, allFeeds, mark.stored)); diff != "" {
		t.Error(diff)
	}
}

// TestScanOfManyFeeds: more of them than the store hands out last messages of.
func TestScanOfManyFeeds(t *testing.T) {
	s := newStore(t)
	var fence uint64
	for i := range maxLast + 1 {
		w := &writer{s: s, id: source, feed: audit.Feed{Scope: audit.ScopeOrg, ID: fmt.Sprintf("%04d-org", i)}, fence: fence}
		w.mustAppend(t, 1)
		fence = w.fence
	}
	if got := s.scan(t, allFeeds, time.Time{}); len(got) != maxLast+1 {
		t.Errorf("got %d events", len(got))
	}
}

// TestScanTellsWhatSnykSent: a record's bytes, whether they lie beside its event
// or in it, and what a record of a group says.
func TestScanTellsWhatSnykSent(t *testing.T) {
	s := newStore(t)
	w := s.turns(t, feedGroup)
	page := w.page(feedGroup, 5)
	page.Records[0].Event.Record = &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{
		GroupId: "g", OrgId: "o", UserId: "u", ProjectId: "p", Event: "org.project.add",
	}}
	page.Records[1].Event.Record = &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{Event: "group.edit"}}
	for i, set := range []func(*snykstreamv1.Event){
		func(e *snykstreamv1.Event) { e.RawJson = `{"event":7}` },
		func(e *snykstreamv1.Event) { e.RawBytes = []byte{'{', 0xff} },
		func(*snykstreamv1.Event) {},
	} {
		page.Records[2+i].Raw = nil
		page.Records[2+i].Event.Record = nil
		set(page.Records[2+i].Event)
	}
	page = w.append(t, page)

	want := storedOf(page)
	want[2].Raw, want[3].Raw = []byte(`{"event":7}`), []byte{'{', 0xff}
	got := s.scan(t, feedGroup, time.Time{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first := got[0]
	if first.Feed != feedGroup || first.Name != "org.project.add" || first.OrgID != "o" || first.UserID != "u" || first.ProjectID != "p" {
		t.Errorf("of the group's record it tells %+v", first)
	}
}

// TestScanOfAllFeedsNoticesAHole in the one feed that has it, and in no other.
func TestScanOfAllFeedsNoticesAHole(t *testing.T) {
	var log bytes.Buffer
	s := lossyStore(t)
	s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	w := s.turns(t, feedA, feedB)
	for range 3 {
		w.append(t, w.page(feedA, 2))
		w.append(t, w.page(feedB, 1))
	}
	s.lose(t, 3)
	if got := s.scan(t, allFeeds, time.Time{}); len(got) != 7 {
		t.Errorf("got %d events", len(got))
	}
	if text := log.String(); strings.Count(text, "missing") != 1 ||
		!strings.Contains(text, "feed="+feedA.String()+" first=3 last=4") {
		t.Errorf("the log says %s", text)
	}
}

// TestScanRefusesAnEntryThatIsNone: a subject or bytes that are not the journal's.
func TestScanRefusesAnEntryThatIsNone(t *testing.T) {
	event, raw := []byte{0x0a, 0}, []byte{0x12, 0}
	for name, m := range map[string]message{
		"no feed":            {subject: subjectPrefix + source + ".team"},
		"no subject of ours": {subject: "elsewhere"},
		"fewer bytes":        {subject: feedSubject(source, feedA), data: append(append(append([]byte{}, event...), event...), raw...)},
		"cut bytes":          {subject: feedSubject(source, feedA), data: append(append([]byte{}, event...), 0x12, 9)},
	} {
		t.Run(name, func(t *testing.T) {
			s := scan{until: 1, fn: func(audit.StoredEvent) error { return nil }}
			m.seq = 1
			if err := s.take(t.Context(), []message{m}); err == nil {
				t.Error("no error")
			}
		})
	}
}
