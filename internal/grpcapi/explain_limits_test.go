package grpcapi_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// However long the names are, the answer is one that clients take.
func TestExplainFilterOfLongNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for p := range 100 {
			s.put(page("a", names(strings.Repeat("n", 230)+fmt.Sprint(p, "-"), 1, 100)...))
		}
		got, err := s.client.ExplainFilter(t.Context(), &explainRequest{Include: only("other")})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetConsidered() != 10_000 || got.GetEventNames()[0].GetEventName() != "*" {
			t.Errorf("%d events, the most with the name %q", got.GetConsidered(), got.GetEventNames()[0].GetEventName())
		}
	})
}

// An explanation that begins anew tells of nothing that it read before.
func TestExplainFilterCountsMissesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for range 4 {
			s.put(page("a", "x"))
		}
		calls := 0
		s.change(func() {
			s.onNext = func() {
				if calls++; calls == 3 {
					s.expire(4)
				}
			}
		})
		got, err := s.client.ExplainFilter(t.Context(), &explainRequest{
			Include: []*snykstreamv1.EventFilter{{Expression: `record.content.nope == "x"`}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetConsidered() != 1 || got.GetExpressionMisses() != 1 {
			t.Errorf("%d misses among %d events, want 1 of 1", got.GetExpressionMisses(), got.GetConsidered())
		}
	})
}

// A stop waits neither for explanations nor for those that wait for their turn.
func TestExplainFilterEndsWithTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for range 100 {
			s.put(page("a", "x"))
		}
		s.change(func() { s.pace = time.Second })
		ended := make(chan error)
		for range 4 {
			go func() {
				_, err := s.client.ExplainFilter(t.Context(), &explainRequest{})
				ended <- err
			}()
		}
		time.Sleep(4500 * time.Millisecond)
		began := time.Now()
		close(s.drain)
		for range 4 {
			wantStatus(t, <-ended, codes.Unavailable, "DRAINING")
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the stop waits for %v", took)
		}
	})
}
