package collect_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestGroupComings: organizations are closed, opened, leave and come back, the
// source is paused and changed, under faults.
func TestGroupComings(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newGroupScene(t, snyksim.Config{Seed: seed}, newMemoryJournal(seed, 0.01), 3)
				s.sources.rec.Source.Snyk.PollInterval = durationpb.New(30 * time.Second)
				lanes := seed%3 == 0
				if lanes {
					s.sources.rec.Source.Snyk.IncludeApiAccess = new(true)
				}
				if seed%4 == 1 {
					s.sources.rec.Source.Snyk.OrganizationId = s.orgs[0].ID
				}
				dice := rand.New(rand.NewPCG(seed, 3))
				for i := range 200 {
					s.happen(s.orgs[i%3], time.Now().Add(-time.Duration(dice.Int64N(int64(80*24*time.Hour)))), "org.edit", snyksim.GroupView(dice.IntN(3)))
				}
				s.sim.Chaos(0.01)
				var stops [2]func()
				begin := func(i int) { s.start(); stops[i] = s.stop }
				begin(0)
				begin(1)
				gone := map[int]bool{}
				for round := range 60 {
					for i, org := range s.orgs {
						if gone[i] {
							continue
						}
						at := time.Now().Add(time.Duration(i) * time.Millisecond)
						s.happen(org, at, "org.edit", snyksim.GroupView(dice.IntN(3)))
						if lanes && dice.IntN(2) == 0 {
							s.happen(org, at, "api.access", snyksim.GroupView(dice.IntN(3)))
						}
						if dice.IntN(4) == 0 {
							late := time.Duration(dice.Int64N(int64(2 * time.Hour)))
							s.n++
							s.sim.Append(org.ID, snyksim.Record{Created: at, VisibleAt: at.Add(late), Event: "org.edit", Group: snyksim.GroupView(dice.IntN(3)), Content: fmt.Sprintf(`{"n":%d}`, s.n)})
						}
					}
					s.sim.Append(s.group.ID, snyksim.Record{Event: "group.edit", Content: fmt.Sprintf(`{"n":%d}`, dice.IntN(3))})
					wait(time.Duration(dice.Int64N(int64(3 * time.Minute))))
					k := dice.IntN(3)
					switch dice.IntN(8) {
					case 0:
						s.orgs[k].FreePlan = !s.orgs[k].FreePlan
						if !gone[k] {
							s.sim.PutOrg(s.orgs[k])
						}
					case 1:
						if gone[k] {
							s.sim.PutOrg(s.orgs[k])
						} else {
							s.sim.RemoveOrg(s.orgs[k].ID)
						}
						gone[k] = !gone[k]
					case 2:
						s.change(func(source *snykstreamv1.Source) { source.Paused = new(true) })
						wait(time.Duration(dice.Int64N(int64(30 * time.Minute))))
						s.change(func(source *snykstreamv1.Source) { source.Paused = new(false) })
					case 3:
						s.change(func(source *snykstreamv1.Source) {
							if len(source.Snyk.LogTypes) == 0 {
								source.Snyk.LogTypes = []snykstreamv1.LogType{snykstreamv1.LogType(1 + dice.IntN(2))}
							} else {
								source.Snyk.LogTypes = nil
							}
						})
					case 4:
						stops[round%2]()
						wait(time.Duration(dice.Int64N(int64(40 * time.Minute))))
						begin(round % 2)
					}
				}
				for k := range s.orgs {
					s.orgs[k].FreePlan = false
					s.sim.PutOrg(s.orgs[k])
				}
				s.change(func(source *snykstreamv1.Source) { source.Snyk.LogTypes = nil })
				s.sim.ClearFaults()
				s.slow = s.sim.Inject(snyksim.Fault{Effect: snyksim.Delay(20 * time.Millisecond)})
				s.journal.fail(func(j *memoryJournal) { j.chance = 0 })
				wait(5 * time.Hour)
				stops[0]()
				stops[1]()
				s.once(s.orgs...)
				if st := s.status(); st.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
					t.Errorf("state %v", st.GetState())
				}
			})
		})
	}
}
