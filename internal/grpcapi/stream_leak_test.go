package grpcapi_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// A thousand streams that come, read everything and go leave nothing behind: no
// goroutine, and no memory that grows with them. It runs alone, so that what it
// counts is its own.
func TestStreamsThatComeAndGoLeaveNothing(t *testing.T) { //nolint:paralleltest // counts the process's goroutines
	s := newRealStreams(t, time.Hour)
	if err := s.write("a", 50, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	s.comeAndGo(t, 1000) // what is made once, and kept for so many, is made
	goroutines, memory := settledProcess(t, runtime.NumGoroutine())
	s.comeAndGo(t, 1000)
	goroutinesAfter, memoryAfter := settledProcess(t, goroutines)
	if goroutinesAfter > goroutines {
		t.Errorf("%d goroutines became %d", goroutines, goroutinesAfter)
	}
	// A kibibyte a stream would be a leak.
	if grown := int64(memoryAfter) - int64(memory); grown > 1000<<10 {
		t.Errorf("%d bytes of memory are left", grown)
	}
	s.count(func() {
		if s.opened != 2000 || s.closed != s.opened {
			t.Errorf("%d streams were opened and %d closed", s.opened, s.closed)
		}
	})
}

// comeAndGo has so many subscribers, a quarter thousand at a time, of which every
// other goes away while events come.
func (s *realStreams) comeAndGo(t *testing.T, n int) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(250)
	for i := range n {
		group.Go(func() error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stream, err := s.client.StreamEvents(ctx, earliest())
			for err == nil {
				m, received := stream.Recv()
				if received == nil && (m.GetCaughtUp() || i%2 == 0 && len(m.GetEvents()) > 0) {
					return nil
				}
				err = received
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// settledProcess is how many goroutines there are and how much memory is in use,
// once there are no more goroutines than expected, or none more end.
func settledProcess(t *testing.T, expected int) (goroutines int, memory uint64) {
	t.Helper()
	for range 500 {
		if goroutines = runtime.NumGoroutine(); goroutines <= expected {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return goroutines, stats.HeapAlloc
}
