package grpcapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
)

// TestStreamResumesExactly: whatever is stored and filtered, in whatever batches,
// a subscriber that comes back with its last token, whenever it went away, gets
// what the filter lets through once, in order, and every gap.
func TestStreamResumesExactly(t *testing.T) {
	t.Parallel()
	s := newStreams(t)
	rapid.Check(t, func(t *rapid.T) {
		s.reset()
		store := func(label string) {
			for i := range rapid.IntRange(0, 12).Draw(t, label) {
				s.put(drawEntry(t, fmt.Sprint(label, i)))
			}
		}
		store("stored")
		if n := len(s.entries); n > 1 && rapid.Bool().Draw(t, "a loss") {
			from := rapid.IntRange(1, n).Draw(t, "lost from")
			for i := from; i <= min(n, from+rapid.IntRange(0, 2).Draw(t, "lost")); i++ {
				s.lose(uint64(i))
			}
		}
		req := earliest()
		req.Include, req.Exclude = drawFilters(t, "include"), drawFilters(t, "exclude")
		grow := rapid.Bool().Draw(t, "grows")

		var events, gaps []string
		for calls := 0; ; calls++ {
			req.MaxBatchSize = int32(rapid.IntRange(1, 7).Draw(t, "batch"))
			req.StopWhenCaughtUp = true
			most := rapid.IntRange(1, 6).Draw(t, "messages")
			got, ended := s.receive(t, req, most)
			for _, m := range got {
				for _, e := range m.GetEvents() {
					events = append(events, e.GetId())
				}
				for _, gap := range m.GetGaps() {
					gaps = append(gaps, gap.GetReason())
				}
			}
			last := got[len(got)-1]
			if ended && !last.GetCaughtUp() {
				t.Fatalf("the stream ends without having caught up, though nothing is stored meanwhile")
			}
			req.Start = &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: last.GetResumeToken()}
			if ended && !grow {
				break
			}
			if ended {
				grow = false
				store("grown")
			}
		}

		wantEvents, wantGaps := s.expected(t, req)
		if !slices.Equal(events, wantEvents) {
			t.Errorf("events %v, want %v", events, wantEvents)
		}
		if !slices.Equal(gaps, wantGaps) {
			t.Errorf("gaps %v, want %v", gaps, wantGaps)
		}
	})
}

// receive takes so many messages at most, and goes away.
func (s *streams) receive(t *rapid.T, req *request, most int) (got []*response, ended bool) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := s.client.StreamEvents(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	for len(got) < most {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return got, true
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	return got, false
}

// expected is what a subscriber must get, straight from what is stored.
func (s *streams) expected(t *rapid.T, req *request) (events, gaps []string) {
	plan, err := filter.Compile(req.GetInclude(), req.GetExclude(), nil)
	if err != nil {
		t.Fatal(err)
	}
	matcher := plan.Matcher()
	for i, entry := range s.entries {
		if entry == nil {
			if i == 0 || s.entries[i-1] != nil {
				gaps = append(gaps, audit.GapJournalLoss)
			}
			continue
		}
		for i, r := range entry.Records {
			passes, err := matcher.Match(entry.Events.Event(i))
			if err != nil {
				t.Fatal(err)
			}
			if passes {
				events = append(events, r.Event.GetId())
			}
		}
		for _, gap := range entry.Gaps {
			gaps = append(gaps, gap.GetReason())
		}
	}
	return events, gaps
}

// reset empties the journal.
func (j *journal) reset() {
	j.change(func() { j.entries, j.first, j.last = nil, 1, map[string]uint64{} })
}

func drawEntry(t *rapid.T, label string) *entry {
	ids := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 9).Draw(t, label)
	entry := page(rapid.SampledFrom([]string{"a", "b"}).Draw(t, label+" source"), ids...)
	for i, r := range entry.Records {
		r.Event.Id = fmt.Sprint(label, ".", i, r.Event.GetId())
		if rapid.IntRange(0, 9).Draw(t, "unreadable") == 0 {
			r.Event.Record = nil
		}
	}
	if rapid.IntRange(0, 3).Draw(t, label+" gap") == 0 {
		entry.Gaps = []*snykstreamv1.Gap{{Reason: label}}
	}
	return entry
}

func drawFilters(t *rapid.T, label string) []*snykstreamv1.EventFilter {
	var out []*snykstreamv1.EventFilter
	for range rapid.IntRange(0, 2).Draw(t, label) {
		f := &snykstreamv1.EventFilter{EventNames: []string{rapid.SampledFrom([]string{"x", "y", "*z", "never"}).Draw(t, "name")}}
		if rapid.Bool().Draw(t, "by source") {
			f.SourceIds = []string{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")}
		}
		out = append(out, f)
	}
	return out
}
