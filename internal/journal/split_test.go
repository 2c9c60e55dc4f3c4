package journal

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func large(text string) *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{"after": structpb.NewStringValue(text)}}
}

func small(c *Config) { c.MaxEntry = 8 << 10 }

func TestPageIsSplit(t *testing.T) {
	s := newStore(t, small)
	w := s.writer(t, feedA)
	w.mustAppend(t, 2)
	before := w.state
	page := w.page(100)
	page.Gaps = []*snykstreamv1.Gap{{Reason: audit.GapSnykRetention}}
	if err := w.append(t, page); err != nil {
		t.Fatal(err)
	}
	entries := s.readAll(t)[1:]
	if len(entries) < 3 {
		t.Fatalf("the page takes %d entries", len(entries))
	}
	if got := entries[len(entries)-1].Sequence; got != w.fence {
		t.Errorf("the fence is %d, the last entry %d", w.fence, got)
	}
	var all []audit.Record
	for i, e := range entries {
		all = append(all, records(t, e)...)
		want := before
		want.LastSequence += uint64(len(all))
		want.LastEventTime = page.Records[len(all)-1].Event.GetEventTime().AsTime()
		var gaps []*snykstreamv1.Gap
		if i == len(entries)-1 {
			want, gaps = page.State, page.Gaps
		}
		if diff := cmp.Diff(&want, e.State); diff != "" {
			t.Errorf("state of part %d: %s", i, diff)
		}
		if diff := cmp.Diff(gaps, e.Gaps, protocmp.Transform()); diff != "" {
			t.Errorf("gaps of part %d: %s", i, diff)
		}
	}
	if diff := cmp.Diff(page.Records, all, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(page.State, s.load(t).Feeds[feedA]); diff != "" {
		t.Error(diff)
	}
}

// A writer that loses the source between two parts leaves a state that is true.
func TestSplitPageCutShort(t *testing.T) {
	s := newStore(t, small)
	w := s.writer(t, feedA)
	page := w.page(100)
	parts, err := s.limits().split(&page)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := parts[0].message(feedSubject(source, feedA), epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.publish(t.Context(), source, 0, msg); err != nil {
		t.Fatal(err)
	}
	w.reload(t)
	if got, want := w.state.LastSequence, uint64(len(parts[0].records)); got != want || len(w.state.Lanes) != 0 {
		t.Errorf("the state is %+v, want %d events and no coverage", w.state, want)
	}
	w.mustAppend(t, 1)
}

func TestRecordTooLargeForAnEntry(t *testing.T) {
	huge := strings.Repeat("x", 40<<10)
	tests := map[string]struct {
		spoil     func(*audit.Record)
		content   bool // its content stays
		record    bool // its record stays
		truncated bool
		inEntry   bool // its bytes are in the entry
	}{
		"huge content": {
			spoil: func(r *audit.Record) {
				r.Event.GetOrgAudit().Content = large(huge)
				r.Raw = []byte(huge)
			},
			record: true, truncated: true,
		},
		"huge bytes alone": {
			spoil:  func(r *audit.Record) { r.Raw = []byte(huge) },
			record: true, content: true,
		},
		"large content, bytes that fit": {
			spoil:  func(r *audit.Record) { r.Event.GetOrgAudit().Content = large(huge); r.Raw = []byte("{}") },
			record: true, truncated: true, inEntry: true,
		},
		"huge indicators": {
			spoil: func(r *audit.Record) {
				r.Event.Indicators = &snykstreamv1.Indicators{Emails: []string{huge}}
			},
			record: true, truncated: true, inEntry: true,
		},
		"huge name": {
			spoil:     func(r *audit.Record) { r.Event.GetOrgAudit().Event = huge },
			truncated: true, inEntry: true,
		},
		"unreadable, huge": {
			spoil: func(r *audit.Record) {
				r.Event.Record, r.Event.RawJson, r.Raw = nil, huge, nil
			},
			truncated: true,
		},
		"unreadable, huge, no text": {
			spoil: func(r *audit.Record) {
				r.Event.Record, r.Event.RawBytes, r.Raw = nil, []byte(huge), nil
			},
			truncated: true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, small)
			w := s.writer(t, feedA)
			page := w.page(5)
			test.spoil(&page.Records[2])
			want := page.Records[2].Raw
			if own := page.Records[2].Event.GetRawJson() + string(page.Records[2].Event.GetRawBytes()); own != "" {
				want = []byte(own)
			}
			if err := w.append(t, page); err != nil {
				t.Fatal(err)
			}
			entry, index := find(t, s.readAll(t), 3)
			got := records(t, entry)[index]
			switch e := got.Event; {
			case e.GetTruncated() != test.truncated, (e.GetRecord() != nil) != test.record,
				(e.GetOrgAudit().GetContent() != nil) != test.content,
				e.GetId() == "", e.GetEventTime() == nil, e.GetIngestTime() == nil, e.GetFeed() != feedA.String():
				t.Errorf("got %v", e)
			}
			if page.Records[2].Event.GetTruncated() {
				t.Error("the caller's event was changed")
			}
			raw, err := s.LargeRaw(t.Context(), entry.Sequence, index)
			if err != nil {
				t.Fatal(err)
			}
			if test.inEntry {
				raw, got.Raw = got.Raw, raw
			}
			if !bytes.Equal(raw, want) || got.Raw != nil {
				t.Errorf("got %d bytes apart and %d with the entry, want %d", len(raw), len(got.Raw), len(want))
			}
			// The chunks hide no state.
			if diff := cmp.Diff(page.State, s.load(t).Feeds[feedA]); diff != "" {
				t.Error(diff)
			}
			w.mustAppend(t, 1)
		})
	}
}

// find returns the entry and index of an ordinal, and checks that ordinals are
// dense over all entries.
func find(t *testing.T, entries []*audit.Entry, ordinal uint64) (found *audit.Entry, index int) {
	t.Helper()
	var last uint64
	for _, e := range entries {
		for i, r := range records(t, e) {
			if last++; r.Event.GetSequence() != last {
				t.Fatalf("ordinal %d follows %d", r.Event.GetSequence(), last-1)
			}
			if last == ordinal {
				found, index = e, i
			}
		}
	}
	if found == nil {
		t.Fatalf("no event has ordinal %d", ordinal)
	}
	return found, index
}

func TestRecordOfMegabytes(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	page := w.page(3)
	raw := bytes.Repeat([]byte("0123456789"), 2<<20) // 20 MB
	page.Records[1].Raw = raw
	if err := w.append(t, page); err != nil {
		t.Fatal(err)
	}
	entry, index := find(t, s.readAll(t), 2)
	got, err := s.LargeRaw(t.Context(), entry.Sequence, index)
	if err != nil || !bytes.Equal(got, raw) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// Every way of writing measures the fence on one spelling of the source's
// subjects: a replicated store takes two spellings for two fences.
func TestFenceHasOneSpelling(t *testing.T) {
	s := newStore(t, small)
	w := s.writer(t, feedA)
	page := w.page(100)
	page.Records[50].Raw = make([]byte, 20<<10)
	if err := w.append(t, page); err != nil {
		t.Fatal(err)
	}
	if err := s.Fence(t.Context(), source, "update"); err != nil {
		t.Fatal(err)
	}
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for seq := uint64(1); seq <= head; seq++ {
		m, err := s.single(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		kinds[m.subject] = true
		if got := m.header.Get("Nats-Expected-Last-Subject-Sequence-Subject"); got != "snykstream.journal.my-source.>" {
			t.Errorf("entry %d on %s is fenced by %q", seq, m.subject, got)
		}
		if got := m.header.Get("Nats-Expected-Last-Subject-Sequence"); got != strconv.FormatUint(seq-1, 10) {
			t.Errorf("entry %d expects %s before it", seq, got)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("there are entries on %v only", kinds)
	}
}

func TestEventThatNeverFitsIsRefused(t *testing.T) {
	s := newStore(t, small)
	w := s.writer(t, feedA)
	page := w.page(1)
	page.Records[0].Event.Id = strings.Repeat("x", 40<<10)
	err := w.append(t, page)
	if err == nil || errors.Is(err, audit.ErrUnknownOutcome) {
		t.Errorf("got %v", err)
	}
}
