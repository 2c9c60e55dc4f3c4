package collect_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestSixtyLateRecords: records that show up to 45 seconds late, each once.
func TestSixtyLateRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 11}, newMemoryJournal(11, 0))
		dice := rand.New(rand.NewPCG(11, 0))
		s.start()
		defer func() { s.stop() }()
		for i := range 60 {
			now := time.Now()
			s.sim.Append(s.org.ID, snyksim.Record{
				Created: now, VisibleAt: now.Add(time.Duration(dice.Int64N(int64(45 * time.Second)))),
				Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i),
			})
			wait(time.Duration(dice.Int64N(int64(5 * time.Second))))
		}
		wait(2 * time.Minute)
		s.exact()
		status := s.status().GetFeeds()[0]
		if n := len(s.journal.records()); n != 60 || status.GetLateEvents() < 20 || status.GetLateness().AsDuration() < 20*time.Second {
			t.Errorf("%d records, status %v", n, status)
		}
	})
}

// TestCoveredThroughIsTrue: what is stored of time that was covered already is no
// later than the overlap reads again; the rest of the time is proven.
func TestCoveredThroughIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 12}, newMemoryJournal(12, 0))
		dice := rand.New(rand.NewPCG(12, 0))
		s.start()
		defer func() { s.stop() }()
		for i := range 300 {
			now := time.Now()
			s.sim.Append(s.org.ID, snyksim.Record{
				Created: now, VisibleAt: now.Add(time.Duration(dice.Int64N(int64(4 * time.Minute)))),
				Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i),
			})
			wait(time.Duration(dice.Int64N(int64(20 * time.Second))))
		}
		wait(10 * time.Minute)
		s.exact()
		late := 0
		for _, e := range s.journal.entries {
			covered := e.page.Before.Ledger(audit.LaneDefault).Frontier
			for _, r := range e.page.Records {
				created := r.Event.GetEventTime().AsTime()
				if !created.Before(covered) {
					continue
				}
				late++
				if d := covered.Sub(created); d > e.page.Before.Overlap() {
					t.Errorf("stored %v below what was covered, the overlap is %v", d, e.page.Before.Overlap())
				}
			}
		}
		if late < 100 {
			t.Errorf("%d late records", late)
		}
	})
}
