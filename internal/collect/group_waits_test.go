package collect_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// slowBook is a journal whose checkpoints take time and are counted.
type slowBook struct {
	*memoryJournal
	n atomic.Int64
}

func (j *slowBook) Checkpoint(ctx context.Context, id string, feed audit.Feed, state audit.FeedState, base uint64) error {
	j.n.Add(1)
	time.Sleep(time.Millisecond)
	return j.memoryJournal.Checkpoint(ctx, id, feed, state, base)
}

// TestGroupResumesQuietly: after a long pause the group's history is read once.
func TestGroupResumesQuietly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0), 2)
		j := &slowBook{memoryJournal: s.journal}
		s.startOn(s.sources, j)
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		s.change(func(source *snykstreamv1.Source) { source.Paused = new(true) })
		wait(time.Hour)
		// An audit search takes longer than the list of two organizations.
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindGroupAudit}}, Effect: snyksim.Delay(200 * time.Millisecond)})
		before := j.n.Load()
		s.change(func(source *snykstreamv1.Source) { source.Paused = new(false) })
		wait(time.Minute)
		if n := j.n.Load() - before; n > 100 {
			t.Errorf("%d checkpoints in a minute", n)
		}
	})
}

// TestStartLeavesOrganizationsTheirEvents: what the organizations show of the
// last minutes before the start is theirs.
func TestStartLeavesOrganizationsTheirEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0), 2)
		for i := range 8 {
			s.happen(s.orgs[i%2], time.Now().Add(-time.Duration(i)*30*time.Second), "org.edit", snyksim.InGroupWithOrg)
		}
		// The list takes longer than an audit search.
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindGroupOrgs}}, Effect: snyksim.Delay(200 * time.Millisecond)})
		s.start()
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		s.once(s.orgs...)
		if n := s.feeds()["group/"+s.group.ID]; n > 0 {
			t.Errorf("%d events of organizations are the group's", n)
		}
	})
}

// TestTailLeavesHistoryToOrganizations: the group's tail does not take what the
// organizations have yet to read as their history.
func TestTailLeavesHistoryToOrganizations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0), 2)
		for i := range 3000 {
			s.happen(s.orgs[i%2], time.Now().Add(-time.Duration(i)*10*time.Minute-11*time.Minute), "org.project.test", snyksim.NotInGroup)
		}
		for i := range 9 {
			s.happen(s.orgs[i%2], time.Now().Add(-time.Duration(i)*30*time.Second-5*time.Minute-15*time.Second), "org.edit", snyksim.InGroupWithoutOrg)
		}
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindOrgAudit}}, Effect: snyksim.Delay(time.Second)})
		s.start()
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		s.once(s.orgs...)
		if n := s.feeds()["group/"+s.group.ID]; n > 0 {
			t.Errorf("%d events of organizations are the group's", n)
		}
	})
}

// TestNewOrganizationHasItsEvents: the first events of a new organization are its own.
func TestNewOrganizationHasItsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0), 1)
		s.start()
		defer func() { s.stop() }()
		wait(20*time.Minute + 3*time.Second)
		late := s.addOrg()
		for range 10 {
			s.happen(late, time.Now(), "org.user.add", snyksim.InGroupWithOrg)
			wait(2 * time.Second)
		}
		wait(20 * time.Minute)
		s.once(s.orgs...)
		if n := s.feeds()["group/"+s.group.ID]; n > 0 {
			t.Errorf("%d events of the organization are the group's", n)
		}
	})
}

// TestPatienceSurvivesBlips: a refused organization is given up also where the
// group's own polls fail now and then.
func TestPatienceSurvivesBlips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 4}, newMemoryJournal(4, 0), 2)
		closed := s.shut(s.orgs[1])
		// One request of fifty for the group's log fails: one in 8 minutes.
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindGroupAudit}, Every: 50}, Effect: snyksim.Status(http.StatusBadGateway, snyksim.BodyHTML)})
		s.start()
		defer func() { s.stop() }()
		for range 12 * 6 {
			s.happen(closed, time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
			wait(5 * time.Minute)
		}
		if n := s.feeds()["group/"+s.group.ID]; n < 60 {
			t.Errorf("%d of 72 events of the closed organization, state %v", n, s.status().GetState())
		}
	})
}

// TestPatienceSurvivesReloads: a refused organization is given up also where two
// collectors fence each other.
func TestPatienceSurvivesReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 4}, newMemoryJournal(4, 0), 2)
		closed := s.shut(s.orgs[1])
		s.start()
		stop := s.stop
		defer stop()
		s.start()
		defer func() { s.stop() }()
		for range 120 {
			s.happen(s.orgs[0], time.Now(), "org.user.add", snyksim.NotInGroup)
			s.happen(closed, time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
			wait(time.Minute)
		}
		if n := s.feeds()["group/"+s.group.ID]; n < 90 {
			t.Errorf("%d of 120 events of the closed organization, state %v", n, s.status().GetState())
		}
	})
}

// TestFailingOrganizationCostsLittle: the group's polls do not grow while they wait.
func TestFailingOrganizationCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		s.start()
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{ScopeIDs: []string{s.orgs[1].ID}}, Effect: snyksim.Status(http.StatusBadGateway, snyksim.BodyHTML)})
		for i := range 40 {
			for range 30 {
				s.happen(s.orgs[0], time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
			}
			s.sim.ResetRequests()
			wait(time.Minute)
			n := 0
			for _, r := range s.sim.Requests() {
				if r.ScopeID == s.group.ID && r.Kind == snyksim.KindGroupAudit {
					n++
				}
			}
			if i == 39 && n > 30 {
				t.Errorf("%d requests a minute", n)
			}
		}
	})
}
