package collect_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestCrowdedInstant: more records in one instant than an answer holds, with
// identical twins, and inserts between the pages.
func TestCrowdedInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		at := time.Now().Add(-time.Hour)
		for i := range 130 {
			s.sim.Append(s.org.ID, snyksim.Record{Created: at, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i/2)})
		}
		inserts := 0
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{When: snyksim.HasCursor}, Effect: snyksim.Do("insert", func(sim *snyksim.Sim, _ *http.Request) {
			if inserts++; inserts <= 3 {
				sim.Prepend(s.org.ID, snyksim.Record{Created: at, Event: "org.project.tag.add", Content: `{"n":0}`})
			}
		})})
		s.start()
		defer func() { s.stop() }()
		wait(2 * time.Minute)
		if inserts < 3 {
			t.Fatalf("%d inserts", inserts)
		}
		s.exact()
	})
}

func TestRewrittenRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		ids := s.sim.Append(s.org.ID, snyksim.Record{Created: time.Now().Add(-time.Minute), Event: "org.user.invite", Content: `{"email":"a@b.test"}`})
		s.start()
		defer func() { s.stop() }()
		wait(30 * time.Second)
		s.sim.Redact(ids[0], "a@b.test", "redacted")
		wait(5 * time.Hour)
		s.exact()
		if n := s.status().GetFeeds()[0].GetRewrittenEvents(); n != 1 {
			t.Errorf("%d rewrites are counted", n)
		}
	})
}

func TestLateRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		now := time.Now()
		s.sim.Append(s.org.ID,
			snyksim.Record{Created: now, VisibleAt: now.Add(45 * time.Second), Event: "org.edit", Content: `{"late":"by the overlap"}`},
			snyksim.Record{Created: now, VisibleAt: now.Add(10 * time.Hour), Event: "org.edit", Content: `{"late":"by the sweep"}`})
		wait(11*time.Hour + 5*time.Minute)
		s.exact()
		for _, r := range s.journal.records() {
			if r.Event.GetOrigin() != snykstreamv1.Origin_ORIGIN_LATE {
				t.Errorf("origin %v of %s", r.Event.GetOrigin(), r.Raw)
			}
		}
		if got := s.status().GetFeeds()[0]; got.GetLateEvents() != 2 || got.GetLateness().AsDuration() < 10*time.Hour {
			t.Errorf("status %v", got)
		}
	})
}

// TestLatenessPasses: one late record does not make every later poll read an hour
// again.
func TestLatenessPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sources.rec.Source.Snyk.PollInterval = durationpb.New(5 * time.Minute)
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		now := time.Now()
		s.sim.Append(s.org.ID, snyksim.Record{Created: now, VisibleAt: now.Add(2 * time.Hour), Event: "org.edit"})
		overlap := func() time.Duration {
			s.sim.ResetRequests()
			wait(5 * time.Minute)
			last := s.sim.Requests()[0]
			from, err := time.Parse(time.RFC3339, last.Query.Get("from"))
			if err != nil {
				t.Fatal(err)
			}
			return last.Time.Sub(from)
		}
		wait(4 * time.Hour)
		if d := overlap(); d < time.Hour {
			t.Errorf("a poll read the last %v after a late record", d)
		}
		wait(26 * time.Hour)
		if d := overlap(); d > 15*time.Minute {
			t.Errorf("a poll read the last %v a day later", d)
		}
		s.exact()
	})
}

// TestUnreadableRecords are stored raw, once each, whatever they lack.
func TestUnreadableRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		for i := range 250 {
			raw := []string{`{"event":"org.edit","n":%d}`, `{"created":"yesterday","event":"org.edit","n":%d}`, `[%d]`}[i%3]
			s.sim.Append(s.org.ID, snyksim.Record{Created: time.Now().Add(-time.Duration(i) * time.Hour), Raw: fmt.Sprintf(raw, i)})
		}
		s.start()
		wait(5 * time.Minute)
		s.stop()
		s.start()
		wait(3 * time.Hour)
		s.stop()
		s.exact()
		if n := s.status().GetFeeds()[0].GetUnreadableEvents(); n != 250 {
			t.Errorf("%d unreadable", n)
		}
	})
}
