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
	fired, ends := map[string]int{}, map[string]int{}
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, snyksim.Config{Seed: seed, Cursors: snyksim.CursorMode(seed % 2)}, newMemoryJournal(seed, 0.05))
			s.sources.rec.Source.Snyk.IncludeApiAccess = new(seed%3 == 0)
			s.sources.rec.Source.Snyk.PollInterval = durationpb.New(30 * time.Second)
			dice := rand.New(rand.NewPCG(seed, 2))
			s.sim.Generate(s.org.ID, snyksim.History{Records: 300})
			s.sim.Chaos(0.02)
			s.start()
			for range 20 {
				s.emit(dice)
				wait(time.Duration(dice.Int64N(int64(40 * time.Second))))
				if dice.IntN(5) == 0 {
					how, end := "restart", s.stop
					if dice.IntN(2) == 0 {
						how, end = "crash", s.crash
					}
					ends[how]++
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
	for _, name := range slices.Sorted(maps.Keys(fired)) {
		t.Logf("%6d %s", fired[name], name)
	}
	t.Logf("%6d restarts, %d crashes", ends["restart"], ends["crash"])
	// A run in which nothing went wrong shows nothing.
	for what, n := range map[string]int{
		"errors of Snyk":        fired["status 500"],
		"cut answers":           fired["cut body"],
		"answers out of order":  fired["unsorted"],
		"failures of the store": fired["fenced by another"] + fired["append lost"] + fired["answer lost"],
	} {
		if n == 0 {
			t.Errorf("there were no %s", what)
		}
	}
	if ends["restart"] == 0 || ends["crash"] == 0 {
		t.Errorf("the collector ended by %v", ends)
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
