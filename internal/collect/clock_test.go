package collect_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestSkew: whichever clock is ahead, all is stored and nothing twice, also over
// a restart.
func TestSkew(t *testing.T) {
	for _, skew := range []time.Duration{-2 * time.Hour, -20 * time.Second, 20 * time.Second, 2 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, snyksim.Config{Seed: 1, Skew: skew}, newMemoryJournal(1, 0))
				s.start()
				for i := range 60 {
					s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i)})
					wait(7 * time.Second)
					if i%20 == 19 {
						s.stop()
						s.start()
					}
				}
				wait(time.Minute)
				s.exact()
				s.stop()
			})
		})
	}
}

// TestWrongDate: the header alone is wrong, for good or for an answer. Live
// events come, history is read once, nothing is written off.
func TestWrongDate(t *testing.T) {
	const day = 24
	for _, hours := range []int{-10_000 * day, -100 * day, -2, 2, 100 * day, 2_500_000 * day} {
		for _, every := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d hours in one of %d", hours, every), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
					s.sim.Generate(s.org.ID, snyksim.History{Records: 300})
					date := time.Now().AddDate(0, 0, hours/day).Add(time.Duration(hours%day) * time.Hour).UTC().Format(http.TimeFormat)
					s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Every: every}, Effect: snyksim.Header("Date", date)})
					s.start()
					for i := range 30 {
						s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i)})
						wait(interval + time.Second)
						if !slices.ContainsFunc(s.journal.records(), func(r audit.Record) bool {
							return strings.Contains(string(r.Raw), fmt.Sprintf(`"content":{"n":%d}`, i))
						}) {
							t.Errorf("live event %d is not stored", i)
						}
					}
					s.stop()
					s.exact()
					if gaps := s.journal.gaps(); len(gaps) != 0 {
						t.Errorf("gaps %v", gaps)
					}
					if n := len(s.requests()); n > 300 {
						t.Errorf("%d requests", n)
					}
				})
			})
		}
	}
}

// stored puts a state into the journal as if it had been collected.
func (s *scene) stored(state audit.FeedState) {
	feed := audit.Feed{Scope: audit.ScopeOrg, ID: s.org.ID}
	if err := s.journal.Checkpoint(context.Background(), "my-snyk", feed, state, 0); err != nil {
		s.t.Fatal(err)
	}
}

// TestClockThatWasAhead: what a wrong clock entered about the future does not keep
// the present from being read, nor from being swept.
func TestClockThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		now, ahead := time.Now(), time.Now().Add(30*24*time.Hour)
		s.stored(audit.FeedState{CollectFrom: now.Add(-time.Hour), Lanes: []audit.Lane{{
			Frontier: ahead, SweepTime: ahead, Covered: audit.Intervals{{Start: now.Add(-time.Hour), End: ahead}},
		}}})
		s.start()
		defer func() { s.stop() }()
		wait(5 * time.Second)
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"}, snyksim.Record{Event: "org.edit", VisibleAt: now.Add(time.Hour)})
		wait(interval + time.Second)
		if n := len(s.journal.records()); n != 1 {
			t.Errorf("%d records", n)
		}
		if through := s.status().GetFeeds()[0].GetCoveredThrough().AsTime(); through.After(time.Now()) {
			t.Errorf("covered through %v", through)
		}
		wait(3 * time.Hour)
		s.exact()
	})
}

// TestStartWithAWrongClock: history is not written off by our clock alone.
func TestStartWithAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1, Skew: -100 * 24 * time.Hour}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 100, Span: 20 * 24 * time.Hour})
		now := s.sim.Now()
		s.stored(audit.FeedState{CollectFrom: now.Add(-50 * 24 * time.Hour), Lanes: []audit.Lane{{
			Frontier: now, Covered: audit.Intervals{{Start: now.Add(-time.Minute), End: now}},
		}}})
		s.sources.rec.Source.UpdateTime = timestamppb.New(time.Now().Add(-time.Hour))
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		s.exact()
		if gaps := s.journal.gaps(); len(gaps) != 0 {
			t.Errorf("gaps %v", gaps)
		}
	})
}

// TestAnswerLongOnItsWay: an answer proves nothing of the time it took to come. A
// record of that time is live when the next poll finds it, not late.
func TestAnswerLongOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		s.sim.Inject(snyksim.Fault{Effect: snyksim.DoAfter("slow network", func(*snyksim.Sim, *http.Request) { <-time.After(8 * time.Second) })})
		for i := range 20 {
			s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i)})
			wait(1500 * time.Millisecond)
		}
		wait(time.Minute)
		s.exact()
		for _, r := range s.journal.records() {
			if r.Event.GetOrigin() != snykstreamv1.Origin_ORIGIN_LIVE {
				t.Errorf("origin %v of %s", r.Event.GetOrigin(), r.Raw)
			}
		}
	})
}
