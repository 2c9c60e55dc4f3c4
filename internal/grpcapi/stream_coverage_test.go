package grpcapi_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

type (
	sourceCoverage = snykstreamv1.SourceCoverage
	feedProgress   = snykstreamv1.FeedProgress
)

// hour is an instant of the day on which the sources of these tests are read.
func hour(h int) time.Time { return time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC) }

// covered is the state of a feed that was to be read from midnight on, and was
// read from one hour to another.
func covered(from, to int, last uint64) audit.FeedState {
	return audit.FeedState{CollectFrom: hour(0), LastSequence: last, Lanes: []audit.Lane{
		{Frontier: hour(to), Covered: audit.Intervals{{Start: hour(from), End: hour(to)}}},
	}}
}

// told is covered as a heartbeat tells it.
func told(id string, from, to int, last uint64) *sourceCoverage {
	return &sourceCoverage{SourceId: id, State: healthy, Feeds: []*feedProgress{{
		Feed: "org/o1", CoveredFrom: timestamppb.New(hour(from)), CoveredThrough: timestamppb.New(hour(to)),
		BackfillDone: from == 0, LastSequence: last,
	}}}
}

func report(id string, base uint64, state audit.FeedState) audit.FeedReport {
	return audit.FeedReport{SourceID: id, Feed: orgFeed, Base: base, State: state, Lanes: []audit.LaneKind{audit.LaneDefault}}
}

// withState puts a state on a page.
func withState(entry *entry, state audit.FeedState) *entry {
	entry.State = &state
	return entry
}

func TestStreamTellsCoverage(t *testing.T) {
	t.Parallel()
	withAccess := func(r audit.FeedReport) audit.FeedReport {
		r.Lanes = append(r.Lanes, audit.LaneAPIAccess)
		return r
	}
	tests := map[string]struct {
		req     *request
		reports []audit.FeedReport
		want    []*sourceCoverage
	}{
		"of the entries passed": {
			earliest(), nil,
			[]*sourceCoverage{told("a", 0, 6, 4), told("b", 3, 4, 2)},
		},
		"of no entry": {&request{}, nil, nil},
		"of reports whose base is passed": {
			&request{},
			[]audit.FeedReport{report("a", 4, covered(0, 7, 4)), report("b", 3, covered(2, 8, 1))},
			[]*sourceCoverage{told("a", 0, 7, 4), told("b", 2, 8, 1)},
		},
		"of reports with progress after the entries": {
			earliest(),
			[]audit.FeedReport{report("a", 4, covered(0, 7, 4)), report("b", 2, covered(2, 8, 1))},
			[]*sourceCoverage{told("a", 0, 7, 4), told("b", 2, 8, 2)},
		},
		"not of a report that an entry is newer than": {
			earliest(),
			[]audit.FeedReport{report("a", 3, covered(0, 5, 2))},
			[]*sourceCoverage{told("a", 0, 6, 4), told("b", 3, 4, 2)},
		},
		"not of a report that is ahead of the stream": {
			&request{},
			[]audit.FeedReport{report("a", 9, covered(0, 9, 6))},
			[]*sourceCoverage{{SourceId: "a", State: healthy}},
		},
		"not of a report ahead, but of the entries": {
			earliest(),
			[]audit.FeedReport{report("a", 9, covered(0, 9, 6))},
			[]*sourceCoverage{told("a", 0, 6, 4), told("b", 3, 4, 2)},
		},
		"not of a report that knows nothing yet": {
			earliest(),
			[]audit.FeedReport{report("b", 4, audit.FeedState{})},
			[]*sourceCoverage{told("a", 0, 6, 4), told("b", 3, 4, 2)},
		},
		"not where a lane is not read at all": {
			earliest(),
			[]audit.FeedReport{withAccess(report("a", 9, audit.FeedState{}))},
			[]*sourceCoverage{{SourceId: "a", State: healthy, Feeds: []*feedProgress{{Feed: "org/o1", LastSequence: 4}}}, told("b", 3, 4, 2)},
		},
		"not of a source that is no more": {
			earliest(),
			[]audit.FeedReport{report("gone", 1, covered(0, 7, 4))},
			[]*sourceCoverage{told("a", 0, 6, 4), told("b", 3, 4, 2)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				s.put(withState(page("a", "e1", "e2"), covered(0, 2, 2)))
				s.put(withState(page("b", "e3"), covered(3, 4, 1)))
				s.put(withState(page("deleted", "e4"), covered(3, 4, 1)))
				s.put(withState(page("a", "e5", "e6"), covered(0, 6, 4)))
				s.put(page("b", "e7"))
				s.put(page("b", "e8"))
				s.lose(6)
				s.put(&entry{Entry: audit.Entry{SourceID: "b"}}) // of no feed: something else happened to the source
				s.reports = test.reports
				got := beats(s.subscribe(t, test.req).settled())
				last := got[len(got)-1].GetHeartbeat().GetSources()
				if diff := cmp.Diff(test.want, last, protocmp.Transform()); diff != "" {
					t.Errorf("sources (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A feed that is no longer read has no coverage that goes on, met or reported.
func TestStreamLeavesOutFeedsNoLongerRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		s.put(withState(page("a", "e1", "e2"), covered(0, 2, 2)))
		s.put(withState(page("b", "e3"), covered(3, 4, 1)))
		other := report("a", 1, covered(0, 7, 4))
		other.Feed.ID = "o2"
		s.reports = []audit.FeedReport{other}
		want := func(when string, want ...*sourceCoverage) {
			t.Helper()
			got := beats(s.subscribe(t, earliest()).settled())
			if diff := cmp.Diff(want, got[len(got)-1].GetHeartbeat().GetSources(), protocmp.Transform()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		both, second := told("a", 0, 2, 2), told("a", 0, 7, 4)
		second.Feeds[0].Feed = "org/o2"
		both.Feeds = append(both.Feeds, second.GetFeeds()...)
		want("all are read", both, told("b", 3, 4, 1))
		s.change(func() { s.unlisted = map[string][]audit.Feed{"a": {orgFeed}} })
		want("one is not", second, told("b", 3, 4, 1))
		s.change(func() { s.unlisted["a"] = []audit.Feed{orgFeed, other.Feed} })
		want("none is", &sourceCoverage{SourceId: "a", State: healthy}, told("b", 3, 4, 1))
	})
}

// What is told is as of the stream's position, also inside an entry.
func TestStreamTellsCoverageAsOfItsPosition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for i := range 9 {
			s.put(withState(page("a", fmt.Sprint("e", i), fmt.Sprint("f", i)), covered(0, i+1, uint64(2*i+2))))
		}
		s.reports = []audit.FeedReport{report("a", 9, covered(0, 20, 18))}
		s.change(func() { s.pace = time.Second })
		req := earliest()
		req.HeartbeatInterval = seconds(2)
		sub := s.subscribe(t, req)
		time.Sleep(20 * time.Second)
		for i, m := range beats(sub.settled()) {
			want := []*sourceCoverage{{SourceId: "a", State: healthy}}
			at, _ := s.ParseToken(m.GetResumeToken())
			switch {
			case at.Sequence >= 9:
				want[0] = told("a", 0, 20, 18)
			case at.Sequence > 0:
				want[0] = told("a", 0, int(at.Sequence), 2*at.Sequence)
			}
			if diff := cmp.Diff(want, m.GetHeartbeat().GetSources(), protocmp.Transform()); diff != "" {
				t.Errorf("heartbeat %d after entry %d (-want +got):\n%s", i, at.Sequence, diff)
			}
		}

		mid := s.subscribe(t, resume(s.Token(s.entries[8].After(1))))
		first := mid.settled()[0].GetHeartbeat().GetSources()
		if diff := cmp.Diff([]*sourceCoverage{{SourceId: "a", State: healthy}}, first, protocmp.Transform()); diff != "" {
			t.Errorf("inside the last entry a report that includes it is told (-want +got):\n%s", diff)
		}
	})
}

func TestStreamSplitsLargeHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		const sources = 15_000
		for i := range sources {
			id := fmt.Sprintf("source-with-a-name-that-is-as-long-as-a-name-may-be-%d", i)
			s.states[id] = healthy
			s.reports = append(s.reports, report(id, 0, covered(0, 1, 0)))
		}
		s.put(fat(page("a", "e1"), audit.MaxEventBytes-200))
		sub := s.subscribe(t, earliest())
		time.Sleep(time.Second)
		seen := map[string]int{}
		for _, m := range sub.settled() {
			if size := proto.Size(m.response); size >= 1<<20 {
				t.Errorf("a message has %d bytes", size)
			}
			if m.GetHeartbeat() == nil {
				continue
			}
			for _, source := range m.GetHeartbeat().GetSources() {
				seen[source.GetSourceId()]++
			}
		}
		delete(seen, "a")
		if len(seen) != sources {
			t.Errorf("%d sources are told, want %d", len(seen), sources)
		}
		for id, n := range seen {
			if n != 2 { // at the start, and when the stream has caught up
				t.Fatalf("%s is told %d times, want twice", id, n)
			}
		}
	})
}

// A source with more feeds than a message holds is told in parts: each names it and
// says how it does, and every feed is in one of them.
func TestStreamSplitsLargeSources(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		const feeds = 5000
		for i := range feeds {
			r := report("a", 0, covered(0, 1, 7))
			r.Feed.ID = fmt.Sprintf("%036d", i)
			s.reports = append(s.reports, r)
		}
		s.reports = append(s.reports, report("b", 0, covered(0, 1, 7)))
		seen, last := map[string]int{}, ""
		for _, m := range s.subscribe(t, &request{}).settled() {
			if size := proto.Size(m.GetHeartbeat()); size > 48<<10+100 {
				t.Errorf("a heartbeat has %d bytes", size)
			}
			for _, source := range m.GetHeartbeat().GetSources() {
				if source.GetState() != healthy || len(source.GetFeeds()) == 0 {
					t.Errorf("a part says %v and has %d feeds", source.GetState(), len(source.GetFeeds()))
				}
				for _, feed := range source.GetFeeds() {
					seen[source.GetSourceId()+" "+feed.GetFeed()]++
					if feed.GetLastSequence() != 7 || source.GetSourceId() == "a" && feed.GetFeed() <= last {
						t.Errorf("after %s: %v", last, feed)
					}
					last = feed.GetFeed()
				}
			}
		}
		if len(seen) != feeds+1 || seen["b org/o1"] != 1 {
			t.Errorf("%d feeds are told", len(seen))
		}
	})
}
