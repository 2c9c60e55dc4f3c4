package grpcapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// sizes are the numbers of events in the messages that have any.
func sizes(got []arrival) []int {
	var out []int
	for _, m := range got {
		if n := len(m.GetEvents()); n > 0 {
			out = append(out, n)
		}
	}
	return out
}

func TestStreamBatchSizes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pages, perPage int
		batch          int32
		want           []int
	}{
		"small pages are merged":  {10, 3, 0, []int{30}},
		"the default":             {3, 100, 0, []int{256, 44}},
		"one by one":              {2, 3, 1, []int{1, 1, 1, 1, 1, 1}},
		"not at the pages' edges": {3, 4, 5, []int{5, 5, 2}},
		"exactly full":            {2, 4, 8, []int{8}},
		"the most":                {21, 100, 1000, []int{1000, 1000, 100}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				var want []string
				for i := range test.pages {
					ids := names(fmt.Sprint("p", i, "e"), 1, test.perPage)
					want = append(want, ids...)
					s.put(page("a", ids...))
				}
				req := earliest()
				req.MaxBatchSize = test.batch
				got := s.subscribe(t, req).settled()
				if n := sizes(got); !slices.Equal(n, test.want) {
					t.Errorf("messages have %v events, want %v", n, test.want)
				}
				if ids := idsOf(got); !slices.Equal(ids, want) {
					t.Errorf("events %v, want %v", ids, want)
				}
			})
		})
	}
}

func TestStreamSendsLiveEventsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		sub := s.subscribe(t, &request{})
		for i := range 3 {
			time.Sleep(1234 * time.Millisecond)
			s.put(page("a", fmt.Sprint("e", i)))
		}
		for _, m := range sub.settled() {
			if n := len(m.GetEvents()); n > 0 && m.at%(1234*time.Millisecond) != 0 {
				t.Errorf("an event comes at %v and not when it is stored", m.at)
			}
		}
		if ids := idsOf(sub.settled()); !slices.Equal(ids, []string{"e0", "e1", "e2"}) {
			t.Errorf("events %v", ids)
		}
	})
}

// Events wait a moment for those known to be stored, but not for as long as
// these take.
func TestStreamDoesNotHoldEventsInASlowReplay(t *testing.T) {
	t.Parallel()
	for _, pace := range []time.Duration{5 * time.Millisecond, 5 * time.Second} {
		t.Run(pace.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				s.put(page("a", "wanted"))
				for i := range 1000 {
					s.put(page("a", fmt.Sprint("other", i)))
				}
				s.change(func() { s.pace = pace })
				req := earliest()
				req.Include = only("wanted")
				sub := s.subscribe(t, req)
				time.Sleep(30 * time.Second)
				got := slices.DeleteFunc(sub.settled(), func(m arrival) bool { return len(m.GetEvents()) == 0 })
				if len(got) != 1 || got[0].at < pace || got[0].at > pace+15*time.Millisecond {
					t.Errorf("the event comes at %v, want it soon after %v", times(got), pace)
				}
			})
		})
	}
}

// fat makes an event of about this size.
func fat(entry *entry, size int) *entry {
	for _, r := range entry.Records {
		r.Event.GetOrgAudit().Content = &structpb.Struct{Fields: map[string]*structpb.Value{
			"fat": structpb.NewStringValue(strings.Repeat("x", size)),
		}}
	}
	return entry
}

func TestStreamMessagesStayUnderAMebibyte(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for i := range 20 {
			s.put(fat(page("a", names(fmt.Sprint("p", i, "e"), 1, 10)...), 30_000))
		}
		s.put(fat(page("a", "large1", "large2"), audit.MaxEventBytes-1000))
		s.put(fat(page("a", "small1", "small2"), 10))
		got := s.subscribe(t, earliest()).settled()
		for _, m := range got {
			if size := proto.Size(m.response); size >= 1<<20 {
				t.Errorf("a message with %d events has %d bytes", len(m.GetEvents()), size)
			}
		}
		if n, want := sizes(got), []int{32, 32, 32, 32, 32, 32, 8, 1, 3}; !slices.Equal(n, want) {
			t.Errorf("messages have %v events, want %v", n, want)
		}
		if n := len(idsOf(got)); n != 204 {
			t.Errorf("%d events come, want 204", n)
		}
	})
}

func TestStreamRaw(t *testing.T) {
	t.Parallel()
	const limit = 7 << 19
	records := map[string]struct {
		raw       string
		fat       int
		wantJSON  string
		wantBytes string
		truncated bool
	}{
		"as sent":      {raw: "{\"event\" : \"é\\u00e9\", \"a\":1,\"a\":2}\n", wantJSON: "{\"event\" : \"é\\u00e9\", \"a\":1,\"a\":2}\n"},
		"no text":      {raw: "{\"event\":\"\xff\"}", wantBytes: "{\"event\":\"\xff\"}"},
		"large":        {raw: strings.Repeat("x", limit-1000), wantJSON: strings.Repeat("x", limit-1000)},
		"too large":    {raw: strings.Repeat("x", limit), truncated: true},
		"with content": {raw: strings.Repeat("x", limit-900_000), fat: 900_000, truncated: true},
		// Too many bytes to be stored beside the event.
		"nothing kept": {raw: "", truncated: true},
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for name, r := range records {
			made := fat(page("a", name), r.fat)
			made.Records[0].Raw = []byte(r.raw)
			s.put(made)
		}
		unreadable := &entry{
			Entry:   audit.Entry{SourceID: "a", Feed: orgFeed},
			Records: []audit.Record{{Event: &event{Id: "own", RawJson: "[]"}}},
		}
		s.put(unreadable)

		asked := earliest()
		asked.IncludeRawJson = true
		got := s.subscribe(t, asked).settled()
		for _, m := range got {
			if size := proto.Size(m.response); size > limit+4096 {
				t.Errorf("a message has %d bytes", size)
			}
			for _, e := range m.GetEvents() {
				want, ok := records[e.GetId()]
				if !ok {
					want.wantJSON = "[]"
				}
				if e.GetRawJson() != want.wantJSON || string(e.GetRawBytes()) != want.wantBytes || e.GetTruncated() != want.truncated {
					t.Errorf("%s: raw_json of %d bytes, raw_bytes of %d, truncated %t",
						e.GetId(), len(e.GetRawJson()), len(e.GetRawBytes()), e.GetTruncated())
				}
			}
		}
		if n := len(idsOf(got)); n != len(records)+1 {
			t.Errorf("%d events come, want %d", n, len(records)+1)
		}

		for _, m := range s.subscribe(t, earliest()).settled() {
			for _, e := range m.GetEvents() {
				if (e.GetRawJson() != "" || e.GetRawBytes() != nil || e.GetTruncated()) && e.GetId() != "own" {
					t.Errorf("%s comes with raw bytes or truncated to a stream that does not ask: the stored event was changed", e.GetId())
				}
			}
		}
	})
}

func TestStreamGaps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		withGap := page("a", "e1", "e2")
		withGap.Gaps = []*snykstreamv1.Gap{{SourceId: "a", Reason: "SNYK_RETENTION"}}
		s.put(withGap)
		s.put(page("a", "e3"))
		s.put(page("a", "e4"))
		s.put(page("a", "e5"))
		s.lose(2, 3)
		bare := &entry{Entry: audit.Entry{SourceID: "a", Feed: orgFeed, Gaps: []*snykstreamv1.Gap{{SourceId: "a", Reason: "BARE"}}}}
		s.put(bare)

		req := earliest()
		req.Include = only("e1", "e5")
		req.MaxBatchSize = 1
		got := s.subscribe(t, req).settled()
		var gaps []string
		for _, m := range got {
			for _, gap := range m.GetGaps() {
				gaps = append(gaps, gap.GetReason())
			}
			if ids := idsOf([]arrival{m}); slices.Contains(ids, "e5") && !slices.Contains(gaps, "JOURNAL_LOSS") {
				t.Error("an event comes before the loss that lies before it")
			}
		}
		if want := []string{"SNYK_RETENTION", "JOURNAL_LOSS", "BARE"}; !slices.Equal(gaps, want) {
			t.Errorf("gaps %v, want %v", gaps, want)
		}
		if ids := idsOf(got); !slices.Equal(ids, []string{"e1", "e5"}) {
			t.Errorf("events %v", ids)
		}
		// Every token is good, that of a loss included, and shows what follows.
		for i, m := range got {
			var rest []string
			for _, later := range got[i+1:] {
				rest = append(rest, idsOf([]arrival{later})...)
			}
			again := resume(m.GetResumeToken())
			again.Include = only("e1", "e5")
			sub := s.subscribe(t, again)
			if ids := idsOf(sub.settled()); !slices.Equal(ids, rest) {
				t.Errorf("after message %d come %v, want %v (%v)", i, ids, rest, sub.err)
			}
		}
	})
}

// A gap at the end of an entry comes with the entry's last record, not before.
func TestStreamGapBelongsToTheEndOfItsEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		entry := page("a", "e1", "e2")
		entry.Gaps = []*snykstreamv1.Gap{{Reason: "SNYK_RETENTION"}}
		s.put(entry)
		got := s.subscribe(t, resume(s.Token(entry.After(1)))).settled()
		var gaps int
		for _, m := range got {
			gaps += len(m.GetGaps())
		}
		if gaps != 1 {
			t.Errorf("%d gaps come to a stream that starts inside the entry, want 1:\n%s", gaps, describe(got))
		}
	})
}
