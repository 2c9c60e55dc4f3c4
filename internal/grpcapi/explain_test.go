package grpcapi_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

type (
	explainRequest  = snykstreamv1.ExplainFilterRequest
	explainResponse = snykstreamv1.ExplainFilterResponse
)

func named(name string, considered, passed uint64) *snykstreamv1.EventNameCount {
	return &snykstreamv1.EventNameCount{EventName: name, Considered: considered, Passed: passed}
}

func fromSource(id string, considered, passed uint64) *snykstreamv1.SourceCount {
	return &snykstreamv1.SourceCount{SourceId: id, Considered: considered, Passed: passed}
}

func TestExplainFilter(t *testing.T) {
	t.Parallel()
	gap := &snykstreamv1.Gap{SourceId: "b", Reason: "SNYK_RETENTION"}
	tests := map[string]struct {
		req  *explainRequest
		want *explainResponse
	}{
		"no filter": {
			&explainRequest{},
			&explainResponse{
				Considered: 6, Passed: 6,
				EventNames: []*snykstreamv1.EventNameCount{named("x", 3, 3), named("y", 2, 2), named("", 1, 1)},
				Sources:    []*snykstreamv1.SourceCount{fromSource("a", 3, 3), fromSource("b", 3, 3)},
			},
		},
		"a name": {
			&explainRequest{Include: only("x")},
			&explainResponse{
				Considered: 6, Passed: 4, // with the event that has no record
				EventNames:          []*snykstreamv1.EventNameCount{named("x", 3, 3), named("y", 2, 0), named("", 1, 1)},
				Sources:             []*snykstreamv1.SourceCount{fromSource("a", 3, 2), fromSource("b", 3, 2)},
				UncoveredEventNames: []string{"y"},
			},
		},
		"an exclude uncovers nothing": {
			&explainRequest{Exclude: only("x", "y")},
			&explainResponse{
				Considered: 6, Passed: 1,
				EventNames: []*snykstreamv1.EventNameCount{named("x", 3, 0), named("y", 2, 0), named("", 1, 1)},
				Sources:    []*snykstreamv1.SourceCount{fromSource("a", 3, 0), fromSource("b", 3, 1)},
			},
		},
		"more days": {
			&explainRequest{Include: []*snykstreamv1.EventFilter{{SourceIds: []string{"b"}}}, Days: 9},
			&explainResponse{
				Considered: 7, Passed: 3,
				EventNames:          []*snykstreamv1.EventNameCount{named("x", 3, 1), named("y", 2, 1), named("", 1, 1), named("old", 1, 0)},
				Sources:             []*snykstreamv1.SourceCount{fromSource("a", 4, 0), fromSource("b", 3, 3)},
				UncoveredEventNames: []string{"old"},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				s.put(page("a", "old"))
				time.Sleep(8 * 24 * time.Hour)
				s.put(page("a", "x", "x", "y"))
				unreadable := page("b", "x", "y", "z")
				unreadable.Records[2].Event.Record = nil
				unreadable.Gaps = []*snykstreamv1.Gap{gap}
				s.put(unreadable)
				got, err := s.client.ExplainFilter(t.Context(), test.req)
				if err != nil {
					t.Fatal(err)
				}
				days := int(test.req.GetDays())
				if days == 0 {
					days = 7
				}
				test.want.From, test.want.To = timestamppb.New(time.Now().AddDate(0, 0, -days)), timestamppb.Now()
				test.want.Gaps = []*snykstreamv1.Gap{gap}
				got.Filter = nil // see TestFilterIsEchoed
				if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
					t.Errorf("explanation (-want +got):\n%s", diff)
				}
				if n := s.openReaders(); n != 0 {
					t.Errorf("%d readers are left open", n)
				}
			})
		})
	}
}

func TestExplainFilterRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for name, req := range map[string]*explainRequest{
			"days":     {Days: 91},
			"negative": {Days: -1},
			"a filter": {Include: []*snykstreamv1.EventFilter{{UserIds: []string{""}}}},
		} {
			_, err := s.client.ExplainFilter(t.Context(), req)
			t.Log(name)
			wantStatus(t, err, codes.InvalidArgument, "INVALID_FIELD")
		}
	})
}

// What retention takes while it is read is counted as if it had been gone before.
func TestExplainFilterOvertakenByRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for i := range 6 {
			s.put(page("a", fmt.Sprint("e", i+1)))
		}
		looks := 0
		s.onNext = func() {
			if looks++; looks == 3 {
				s.expire(5)
			}
		}
		got, err := s.client.ExplainFilter(t.Context(), &explainRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetConsidered() != 2 || got.GetEventNames()[0].GetEventName() != "e5" {
			t.Errorf("got %v", got)
		}
	})
}

// A caller's second explanation waits for the first.
func TestExplainFilterTakesTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		s.put(page("a", "e1"))
		s.change(func() { s.pace = time.Hour })
		done := make(chan time.Duration, 2)
		start := time.Now()
		for range 2 {
			go func() {
				if _, err := s.client.ExplainFilter(t.Context(), &explainRequest{}); err != nil {
					t.Error(err)
				}
				done <- time.Since(start)
			}()
		}
		for _, want := range []time.Duration{time.Hour, 2 * time.Hour} {
			if got := <-done; got != want {
				t.Errorf("an explanation comes after %v, want %v", got, want)
			}
		}
	})
}

// An installation with more names than an answer has room for.
func TestExplainFilterOfTooManyNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		var ids []string
		for i := range 10_005 {
			ids = append(ids, fmt.Sprint("name", i))
		}
		s.put(page("a", ids...))
		got, err := s.client.ExplainFilter(t.Context(), &explainRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got.GetEventNames()); n != 10_001 || got.GetConsidered() != 10_005 {
			t.Errorf("%d names of %d events", n, got.GetConsidered())
		}
		if first := got.GetEventNames()[0]; first.GetEventName() != "*" || first.GetConsidered() != 5 {
			t.Errorf("the rest is %v", first)
		}
	})
}
