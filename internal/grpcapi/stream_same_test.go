package grpcapi_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// A filter means the same at the tail, in replay and in an explanation.
func TestFilterMeansTheSameEverywhere(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ include, exclude []*snykstreamv1.EventFilter }{
		"a name":            {include: only("x")},
		"a pattern, but":    {include: only("*"), exclude: only("y")},
		"an expression":     {include: []*snykstreamv1.EventFilter{{Expression: `record.event == "x" || event.sequence % 3 == 0`}}},
		"a key that is not": {exclude: []*snykstreamv1.EventFilter{{Expression: `record.content.role == "admin"`}}},
		"both kinds":        {include: []*snykstreamv1.EventFilter{{SourceIds: []string{"a"}, Expression: `record.event < "y"`}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				live := s.subscribe(t, &request{Include: test.include, Exclude: test.exclude})
				live.settled()
				for i := range 20 {
					made := page([]string{"a", "b"}[i%2], "x", "y", "z")
					for n, r := range made.Records {
						r.Event.Id = fmt.Sprint(i, ".", n)
					}
					if i%7 == 0 {
						made.Records[1].Event.Record = nil
					}
					s.put(made)
				}
				replay := earliest()
				replay.Include, replay.Exclude = test.include, test.exclude
				told, replayed := idsOf(live.settled()), idsOf(s.subscribe(t, replay).settled())
				explained, err := s.client.ExplainFilter(t.Context(), &explainRequest{Include: test.include, Exclude: test.exclude})
				if err != nil {
					t.Fatal(err)
				}
				if n := len(told); n == 0 || n == 60 && name != "a key that is not" {
					t.Errorf("%d of 60 events pass: the test shows nothing", n)
				}
				if !slices.Equal(told, replayed) || explained.GetPassed() != uint64(len(told)) || explained.GetConsidered() != 60 {
					t.Errorf("at the tail %v pass, in replay %v, of %d explained %d", told, replayed, explained.GetConsidered(), explained.GetPassed())
				}
			})
		})
	}
}
