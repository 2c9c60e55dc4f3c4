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

// TestCoverageIsTrue: whatever a log shows of time that is said to be covered is
// stored at that moment.
func TestCoverageIsTrue(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newGroupScene(t, snyksim.Config{Seed: seed}, newMemoryJournal(seed, 0.005), 3)
				dice := rand.New(rand.NewPCG(seed, 5))
				for i := range 1000 {
					s.happen(s.orgs[i%3], time.Now().Add(-time.Duration(dice.Int64N(int64(80*24*time.Hour)))), "org.edit", snyksim.GroupView(dice.IntN(3)))
				}
				s.sim.Chaos(0.01)
				s.start()
				defer func() { s.stop() }()
				check := func() {
					stored := map[[32]byte]int{}
					for _, r := range s.journal.records() {
						h, _ := audit.BareHash(r.Raw)
						stored[h]++
					}
					for _, report := range s.board.Reports() {
						for _, e := range s.sim.Emitted(report.Feed.ID) {
							o := audit.ReadRecord([]byte(e.Raw))
							if !report.State.Ledger(audit.LaneDefault).Covered.Contains(o.Created) {
								continue
							}
							h, _ := audit.BareHash([]byte(e.Raw))
							if stored[h] != 1 {
								t.Errorf("%v: stored %d times, covered by %v: %s", time.Now(), stored[h], report.Feed, e.Raw)
							}
						}
					}
				}
				for range 60 {
					for i, org := range s.orgs {
						s.happen(org, time.Now().Add(time.Duration(i)*time.Millisecond), "org.edit", snyksim.GroupView(dice.IntN(3)))
					}
					wait(time.Duration(dice.Int64N(int64(2 * time.Minute))))
					check()
					k := dice.IntN(3)
					switch dice.IntN(6) {
					case 0:
						s.orgs[k].FreePlan = !s.orgs[k].FreePlan
						s.sim.PutOrg(s.orgs[k])
					case 1:
						s.sim.RemoveOrg(s.orgs[k].ID)
						wait(time.Duration(dice.Int64N(int64(20 * time.Minute))))
						s.sim.PutOrg(s.orgs[k])
					case 2:
						s.stop()
						wait(time.Duration(dice.Int64N(int64(40 * time.Minute))))
						s.start()
					case 3:
						s.addOrg()
						s.orgs = append(s.orgs[:2], s.orgs[len(s.orgs)-1])
					}
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}
