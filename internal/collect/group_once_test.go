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

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestGroupExactlyOnce is the property for a group with its organizations and two
// collectors at once: whatever fails, is late, out of order or rewritten, whoever
// stops, and whichever organizations come and go, everything that happened is
// stored once.
func TestGroupExactlyOnce(t *testing.T) {
	fired, rewrites := map[string]int{}, 0
	for seed := range uint64(2) {
		synctest.Test(t, func(t *testing.T) {
			s := newGroupScene(t, snyksim.Config{Seed: seed, Cursors: snyksim.CursorMode(seed % 2)}, newMemoryJournal(seed, 0.04), 2)
			s.sources.rec.Source.Snyk.PollInterval = durationpb.New(30 * time.Second)
			dice := rand.New(rand.NewPCG(seed, 3))
			for i := range 150 {
				s.happen(s.orgs[i%2], time.Now().Add(-time.Duration(dice.Int64N(int64(80*24*time.Hour)))), "org.edit", snyksim.GroupView(dice.IntN(3)))
			}
			s.sim.Chaos(0.01)
			var stops [2]func()
			begin := func(i int) { s.start(); stops[i] = s.stop }
			begin(0)
			begin(1)
			var happened []snyksim.RecordID
			for round := range 30 {
				happened = append(happened, s.something(dice)...)
				wait(time.Duration(dice.Int64N(int64(90 * time.Second))))
				if dice.IntN(6) == 0 {
					stops[round%2]()
					wait(time.Duration(dice.Int64N(int64(10 * time.Minute))))
					begin(round % 2)
				}
				if id := happened[dice.IntN(len(happened))]; dice.IntN(3) == 0 && s.isStored(id) {
					s.sim.Rewrite(id, func(r *snyksim.Record) { r.Content = `{"redacted":true}` })
					rewrites++
				}
				if round == 10 {
					s.addOrg()
				}
			}
			s.sim.ClearFaults()
			s.journal.fail(func(j *memoryJournal) { j.chance = 0 })
			wait(4 * time.Hour)
			stops[0]()
			stops[1]()
			s.once(s.orgs...)
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
	t.Logf("%6d rewrites", rewrites)
	if rewrites == 0 {
		t.Error("nothing was rewritten")
	}
	for _, name := range []string{"status 500", "cut body", "unsorted", "answer lost", "append lost"} {
		if fired[name] == 0 {
			t.Errorf("there was no %q", name)
		}
	}
}

// isStored says whether a record is stored as it was at first.
func (s *groupScene) isStored(id snyksim.RecordID) bool {
	for _, org := range s.orgs {
		for _, e := range s.sim.Emitted(org.ID) {
			if e.ID != id || len(e.Former) > 0 {
				continue
			}
			want, _ := audit.BareHash([]byte(e.Raw))
			return slices.ContainsFunc(s.journal.records(), func(r audit.Record) bool {
				got, _ := audit.BareHash(r.Raw)
				return got == want
			})
		}
	}
	return false
}

// something happens in the group: plain, crowded, in twins, late, in several
// organizations at once.
func (s *groupScene) something(dice *rand.Rand) []snyksim.RecordID {
	now := time.Now()
	s.sim.Append(s.group.ID, snyksim.Record{Event: "group.edit", Content: fmt.Sprintf(`{"n":%d}`, dice.IntN(3))})
	org := s.orgs[dice.IntN(len(s.orgs))]
	view := snyksim.GroupView(dice.IntN(3))
	switch dice.IntN(5) {
	case 0:
		var records []snyksim.Record
		for range dice.IntN(120) {
			records = append(records, snyksim.Record{Created: now, Event: "org.project.tag.add", Group: view, Content: fmt.Sprintf(`{"n":%d}`, dice.IntN(50))})
		}
		s.sim.Append(org.ID, records...)
	case 1:
		late := time.Duration(dice.Int64N(int64(2 * time.Hour)))
		s.sim.Append(org.ID, snyksim.Record{Created: now, VisibleAt: now.Add(late), Event: "org.edit", Group: view, Content: fmt.Sprintf(`{"late":%d}`, dice.Int64())})
	case 2:
		for _, org := range s.orgs {
			s.sim.Append(org.ID, snyksim.Record{Created: now, Event: "org.user.add", UserID: "admin", Group: view, Content: `{"role":"ADMIN"}`})
		}
	}
	return []snyksim.RecordID{s.happen(org, now, "org.edit", view)}
}
