package collect

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// benchPage is an answer of a hundred records of some 800 bytes, a second apart.
func benchPage() audit.Answer {
	answer := audit.Answer{Items: make([][]byte, fullPage)}
	for i := range answer.Items {
		answer.Items[i] = fmt.Appendf(nil, `{"created":"%s","event":"org.settings.edit","org_id":"o1","group_id":"g","user_id":"u%d","content":`+
			`{"before":{"limit":5,"enabled":true,"ignored":["a","b"]},"after":{"limit":%d,"enabled":false,"ignored":[]},"reason":"%s"}}`,
			midnight.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i%7, i, strings.Repeat("because ", 70))
	}
	return answer
}

func benchSearch() audit.Search {
	return audit.Search{Feed: knownOrg, From: midnight, To: midnight.Add(time.Hour)}
}

// BenchmarkObserve reads the records of an answer.
func BenchmarkObserve(b *testing.B) {
	answer := benchPage()
	b.ReportAllocs()
	for b.Loop() {
		observe(answer, benchSearch())
	}
}

// BenchmarkSiftNew sifts an answer of which nothing is stored, BenchmarkSiftKnown
// one of which everything is.
func BenchmarkSiftNew(b *testing.B)   { benchmarkSift(b, false) }
func BenchmarkSiftKnown(b *testing.B) { benchmarkSift(b, true) }

func benchmarkSift(b *testing.B, stored bool) {
	b.Helper()
	records, _ := observe(benchPage(), benchSearch())
	k, want := newKnown(knownOrg), fullPage
	scan := func(_ context.Context, _ time.Time, fn func(audit.StoredEvent) error) error { return nil }
	if stored {
		want = 0
		scan = func(_ context.Context, _ time.Time, fn func(audit.StoredEvent) error) error {
			for _, r := range events(records) {
				if err := fn(audit.Stored(r)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if _, err := k.ensure(b.Context(), audit.Interval{Start: midnight, End: forever}, 0, scan); err != nil {
		b.Fatal(err)
	}
	again := func(time.Time) bool { return stored }
	b.ReportAllocs()
	for b.Loop() {
		if got := k.sift(records, again, true); len(got.records) != want {
			b.Fatalf("%d new, want %d", len(got.records), want)
		}
	}
}

// events are the records as they are stored.
func events(records []audit.Observed) []audit.Record {
	var out []audit.Record
	for _, o := range records {
		event := audit.Normalise(o, audit.Setting{SourceID: "s", Feed: knownOrg, Occurrence: 1, EncodedContent: true})
		out = append(out, audit.Record{Event: event, Raw: o.Raw})
	}
	return out
}

// BenchmarkLearn enters a page that was just stored.
func BenchmarkLearn(b *testing.B) {
	records, _ := observe(benchPage(), benchSearch())
	page := &audit.Page{SourceID: "s", Feed: knownOrg, Records: events(records)}
	b.ReportAllocs()
	for b.Loop() {
		k := newKnown(knownOrg)
		k.ranges = audit.Intervals{{Start: midnight, End: forever}}
		k.learn(page)
	}
}
