package collect_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestExactlyOnce is the property: whatever fails and whenever the collector
// stops, in the end every record shown is stored once.
func TestExactlyOnce(t *testing.T) {
	fired := map[string]int{}
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, snyksim.Config{Seed: seed, Cursors: snyksim.CursorMode(seed % 2)}, newMemoryJournal(seed, 0.05))
			s.sources.rec.Source.Snyk.IncludeApiAccess = new(seed%3 == 0)
			s.sources.rec.Source.Snyk.PollInterval = durationpb.New(30 * time.Second)
			dice := rand.New(rand.NewPCG(seed, 2))
			s.sim.Generate(s.org.ID, snyksim.History{Records: 300})
			faults(s.sim)
			s.start()
			for range 20 {
				s.emit(dice)
				wait(time.Duration(dice.Int64N(int64(40 * time.Second))))
				if dice.IntN(5) == 0 {
					how, end := "restart", s.stop
					if dice.IntN(2) == 0 {
						how, end = "crash", s.crash
					}
					fired[how]++
					end()
					wait(time.Duration(dice.Int64N(int64(30 * time.Minute))))
					s.start()
				}
			}
			s.sim.ClearFaults()
			s.journal.fail(func(j *memoryJournal) { j.chance = 0 })
			// The longest wait between two tries, and what history is left.
			wait(7 * time.Minute)
			s.stop()
			s.exact()
			for name, n := range s.sim.FaultsFired() {
				fired[name] += n
			}
			for name, n := range s.journal.fired {
				fired[name] += n
			}
		})
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(fired)) {
		t.Logf("%6d %s", fired[name], name)
		total += fired[name]
	}
	if total == 0 {
		t.Error("no fault fired: the test shows nothing")
	}
}

// emit makes Snyk show something new: plain, crowded, twins, late.
func (s *scene) emit(dice *rand.Rand) {
	now := time.Now()
	records := []snyksim.Record{{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, dice.Int64())}}
	switch dice.IntN(4) {
	case 0:
		for range dice.IntN(150) {
			records = append(records, snyksim.Record{Created: now, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, dice.IntN(60))})
		}
	case 1:
		late := time.Duration(dice.Int64N(int64(2 * time.Minute)))
		records = append(records, snyksim.Record{Created: now, VisibleAt: now.Add(late), Event: "org.edit", Content: fmt.Sprintf(`{"late":%d}`, dice.Int64())})
	case 2:
		s.sim.Burst(s.org.ID, dice.IntN(250))
	}
	s.sim.Append(s.org.ID, records...)
}

// faults makes the simulator fail in every way that does not lie about what
// there is.
func faults(sim *snyksim.Sim) {
	for _, effect := range []snyksim.Effect{
		snyksim.Status(500, snyksim.BodyHTML), snyksim.Status(503, snyksim.BodyEmpty), snyksim.Status(403, snyksim.BodyJSONAPI),
		snyksim.Status(401, snyksim.BodyCodeMessage), snyksim.Status(404, snyksim.BodyEmptyObject),
		snyksim.Throttle(10*time.Second, 0), snyksim.CutBody(0.5), snyksim.ShortBody(0.7), snyksim.TruncateBody(0.3),
		snyksim.Reset(), snyksim.LoseAnswer(), snyksim.Delay(3 * time.Second), snyksim.ReplaceBody("{}"),
		snyksim.Unsorted(), snyksim.DropNext(), snyksim.ShortPages(3), snyksim.ShortPages(0), snyksim.TrailingNext(), snyksim.OmitEmptyItems(),
		snyksim.RepeatCursor(), snyksim.CursorToStart(), snyksim.RefuseCursor(), snyksim.ForeignLink("https://evil.test"),
		snyksim.Redirect("https://evil.test"), snyksim.Link(snyksim.LinkObject), snyksim.Link(snyksim.LinkBare),
	} {
		sim.Inject(snyksim.Fault{Match: snyksim.Match{Probability: 0.02}, Effect: effect})
	}
}
