package journal

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const benchPage = 100

// filled is a store with so many pages of one feed.
func filled(b *testing.B, pages int) *store {
	b.Helper()
	s := newStore(b)
	w := s.writer(b, feedA)
	for range pages {
		w.mustAppend(b, benchPage)
	}
	return s
}

func perEvent(b *testing.B, events int) {
	b.Helper()
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkAppend(b *testing.B) {
	s := newStore(b)
	w := s.writer(b, feedA)
	for b.Loop() {
		b.StopTimer()
		page := w.page(benchPage)
		b.StartTimer()
		if err := w.append(b, page); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b, b.N*benchPage)
}

func BenchmarkScan(b *testing.B) {
	const pages = 1000
	s := filled(b, pages)
	for b.Loop() {
		n := 0
		err := s.Scan(b.Context(), source, feedA, time.Time{}, func(audit.StoredEvent) error { n++; return nil })
		if err != nil || n != pages*benchPage {
			b.Fatalf("%d events, %v", n, err)
		}
	}
	perEvent(b, b.N*pages*benchPage)
}

func BenchmarkReplay(b *testing.B) {
	const pages = 300
	s := filled(b, pages)
	for b.Loop() {
		r := s.Read(audit.Position{})
		for range pages {
			if _, err := r.Next(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	perEvent(b, b.N*pages*benchPage)
}

// A page from its append to twenty readers at the journal's end.
func BenchmarkTail(b *testing.B) {
	s := newStore(b)
	s.tailing(b)
	w := s.writer(b, feedA)
	const readers = 20
	ctx, cancel := context.WithCancel(b.Context())
	var group sync.WaitGroup
	seen := make(chan struct{}, readers)
	for range readers {
		group.Go(func() {
			for r := s.Read(audit.Position{}); ; {
				if _, err := r.Next(ctx); err != nil {
					return
				}
				seen <- struct{}{}
			}
		})
	}
	for b.Loop() {
		w.mustAppend(b, benchPage)
		for range readers {
			<-seen
		}
	}
	perEvent(b, b.N*benchPage)
	cancel()
	group.Wait()
}
