package journal

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
	"github.com/snykstream/snykstream/internal/wire"
)

// readAll reads the entries that are stored now, with a reader.
func (s *store) readAll(tb testing.TB) []*audit.Entry {
	tb.Helper()
	head, err := s.Head(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	start, err := s.Earliest(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	r := s.Read(start)
	defer r.Close()
	var all []*audit.Entry
	for at := start.Sequence; at < head; {
		e, err := r.Next(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		all, at = append(all, e), e.Sequence
	}
	return all
}

// records are the entry's, decoded.
func records(tb testing.TB, e *audit.Entry) []audit.Record {
	tb.Helper()
	raws, err := e.Events.Raws()
	if err != nil {
		tb.Fatal(err)
	}
	var out []audit.Record
	for i := range e.Events.Len() {
		event := &snykstreamv1.Event{}
		if err := proto.Unmarshal(e.Events.Event(i), event); err != nil {
			tb.Fatal(err)
		}
		out = append(out, audit.Record{Event: event, Raw: bytes.Clone(raws.At(i))})
		if len(raws.At(i)) == 0 {
			out[i].Raw = nil
		}
	}
	return out
}

func TestAppendedIsRead(t *testing.T) {
	now := epoch.Add(time.Hour)
	s := newStore(t, func(c *Config) { c.Now = func() time.Time { return now } })
	w := s.writer(t, feedA)
	page := w.page(3)
	// A record that could not be read carries its bytes itself.
	page.Records[1].Raw = nil
	page.Records[1].Event.Record, page.Records[1].Event.RawJson = nil, "{"
	page.Gaps = []*snykstreamv1.Gap{{SourceId: source, Reason: audit.GapSnykRetention}}
	if err := w.append(t, page); err != nil {
		t.Fatal(err)
	}

	entries := s.readAll(t)
	if len(entries) != 1 || len(entries[0].Anchor) != pollSize {
		t.Fatalf("got %+v", entries)
	}
	want := &audit.Entry{
		Sequence: 1, Anchor: entries[0].Anchor, IngestTime: now, SourceID: source, Feed: feedA,
		State: &page.State, Gaps: page.Gaps,
	}
	if diff := cmp.Diff(want, entries[0], protocmp.Transform(), cmpopts.IgnoreFields(audit.Entry{}, "Events")); diff != "" {
		t.Error(diff)
	}
	got := records(t, entries[0])
	if diff := cmp.Diff(page.Records, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if got := got[0].Event.GetIngestTime().AsTime(); !got.Equal(now) {
		t.Errorf("ingest time is %v", got)
	}
}

// The bytes of the events come first and are what StreamEventsResponse holds, so
// that they can be sent as they lie.
func TestEntryStartsWithItsEvents(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	page := w.mustAppend(t, 5)
	m, err := s.single(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	events, rest, err := wire.Cut(m.data, 5)
	if err != nil || events.Len() != 5 || len(rest) == 0 {
		t.Fatalf("got %d events and %d bytes, %v", events.Len(), len(rest), err)
	}
	section := events.Fields(0, 5)
	if !bytes.HasPrefix(m.data, section) {
		t.Error("the events are not first")
	}
	var response snykstreamv1.StreamEventsResponse
	if err := proto.Unmarshal(section, &response); err != nil {
		t.Fatal(err)
	}
	var want []*snykstreamv1.Event
	for _, r := range page.Records {
		want = append(want, r.Event)
	}
	if diff := cmp.Diff(want, response.GetEvents(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	// It is the message that its definition says.
	var entry stored.Entry
	if err := proto.Unmarshal(m.data, &entry); err != nil || len(entry.GetEvents()) != 5 || len(entry.GetPackedRaw()) == 0 {
		t.Errorf("got %v, %v", &entry, err)
	}
	if m.events() != 5 || !m.when(headerFirst).Equal(epoch.Add(time.Second)) || !m.when(headerLast).Equal(epoch.Add(5*time.Second)) {
		t.Errorf("headers are %v", m.header)
	}
}

func TestPageThatBreaksTheRulesIsRefused(t *testing.T) {
	tests := map[string]func(*audit.Page){
		"hole before the page":     func(p *audit.Page) { p.Before.LastSequence-- },
		"hole within the page":     func(p *audit.Page) { p.Records[1].Event.Sequence++ },
		"repeated ordinal":         func(p *audit.Page) { p.Records[1].Event.Sequence-- },
		"state behind its records": func(p *audit.Page) { p.State.LastSequence-- },
		"state without records":    func(p *audit.Page) { p.Records = nil },
		"record without event":     func(p *audit.Page) { p.Records[1].Event = nil },
		"event of another source":  func(p *audit.Page) { p.Records[1].Event.SourceId = "other" },
		"event of another feed":    func(p *audit.Page) { p.Records[1].Event.Feed = feedB.String() },
		"source with a dot":        func(p *audit.Page) { p.SourceID = "a.b" },
		"source with a wildcard":   func(p *audit.Page) { p.SourceID = "*" },
		"no source":                func(p *audit.Page) { p.SourceID = "" },
		"feed with a space":        func(p *audit.Page) { p.Feed.ID = "a b" },
		"feed without scope":       func(p *audit.Page) { p.Feed.Scope = "" },
		"text that is no text":     func(p *audit.Page) { p.Records[1].Event.Id = "\xff" },
	}
	s := newStore(t)
	w := s.writer(t, feedA)
	w.mustAppend(t, 2)
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			page := w.page(3)
			spoil(&page)
			_, err := s.Append(t.Context(), w.fence, page)
			var known *audit.Error
			if err == nil || errors.Is(err, audit.ErrFenced) || errors.Is(err, audit.ErrUnknownOutcome) || errors.As(err, &known) {
				t.Errorf("got %v", err)
			}
		})
	}
	if head, err := s.Head(t.Context()); err != nil || head != 1 {
		t.Errorf("head is %d, %v", head, err)
	}
}

func TestOneOfTwoWritersWins(t *testing.T) {
	s := newStore(t)
	s.writer(t, feedA).mustAppend(t, 1)
	for range 50 {
		a, b := s.writer(t, feedA), s.writer(t, feedB) // two feeds of one source share its fence
		results := make(chan error, 2)
		for _, w := range []*writer{a, b} {
			page := w.page(10)
			go func() { results <- w.append(t, page) }()
		}
		first, second := <-results, <-results
		if first != nil {
			first, second = second, first
		}
		if first != nil || !errors.Is(second, audit.ErrFenced) {
			t.Fatalf("got %v and %v, want one of them fenced", first, second)
		}
	}
	if head, err := s.Head(t.Context()); err != nil || head != 51 {
		t.Errorf("head is %d, %v", head, err)
	}
}

func TestSourcesDoNotFenceEachOther(t *testing.T) {
	s := newStore(t)
	a := s.writer(t, feedA)
	b := &writer{s: s, id: "my-source-2", feed: feedA}
	b.reload(t)
	a.mustAppend(t, 1)
	b.mustAppend(t, 1)
	a.mustAppend(t, 1)
}

func TestFenceStopsWhoeverLoadedBefore(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	if err := s.Fence(t.Context(), source, "create"); err != nil {
		t.Fatal(err)
	}
	if err := w.append(t, w.page(1)); !errors.Is(err, audit.ErrFenced) {
		t.Errorf("got %v", err)
	}
	w.reload(t)
	w.mustAppend(t, 1)
	before := w.state
	if err := s.Fence(t.Context(), source, "delete"); err != nil {
		t.Fatal(err)
	}
	if err := w.append(t, w.page(1)); !errors.Is(err, audit.ErrFenced) {
		t.Errorf("got %v", err)
	}
	// The control entry hides no state.
	w.reload(t)
	if diff := cmp.Diff(before, w.state); diff != "" {
		t.Error(diff)
	}
}

func TestFenceWinsAgainstABusyWriter(t *testing.T) {
	s := newStore(t)
	stop, done := make(chan struct{}), make(chan struct{})
	w := s.writer(t, feedA)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := w.append(t, w.page(1)); err != nil {
				w.reload(t)
			}
		}
	}()
	for range 20 {
		if err := s.Fence(t.Context(), source, "update"); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-done
}

func TestFenceGivesUpWithItsContext(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Fence(ctx, source, "create"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
