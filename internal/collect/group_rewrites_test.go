package collect_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestRewrittenBeforeTheGroupReads: a rewrite between the two readings.
func TestRewrittenBeforeTheGroupReads(t *testing.T) {
	for name, view := range map[string]snyksim.GroupView{"with": snyksim.InGroupWithOrg, "without": snyksim.InGroupWithoutOrg} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
				s.start()
				defer func() { s.stop() }()
				wait(20 * time.Minute)
				id := s.happen(s.orgs[0], time.Now(), "org.user.invite", view)
				wait(2 * time.Minute)
				s.sim.Rewrite(id, func(r *snyksim.Record) { r.UserID, r.Content = "", `{}` })
				wait(3 * time.Hour)
				s.once(s.orgs...)
			})
		})
	}
}

// TestRewrittenWhileClosed: the group stored an event, Snyk rewrote it, and then
// its organization can be read.
func TestRewrittenWhileClosed(t *testing.T) {
	for name, view := range map[string]snyksim.GroupView{"with": snyksim.InGroupWithOrg, "without": snyksim.InGroupWithoutOrg} {
		for what, rewrite := range map[string]func(r *snyksim.Record){
			"content": func(r *snyksim.Record) { r.Content = `{}` },
			"user":    func(r *snyksim.Record) { r.UserID = "" },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
					closed := s.shut(s.orgs[1])
					s.start()
					defer func() { s.stop() }()
					wait(20 * time.Minute)
					id := s.happen(closed, time.Now(), "org.user.invite", view)
					wait(20 * time.Minute)
					s.once(s.orgs[0])
					s.sim.Rewrite(id, rewrite)
					s.open(closed)
					wait(3 * time.Hour)
					s.once(s.orgs...)
				})
			})
		}
	}
}

// TestSwallowed: an event of an organization that cannot be read is stored from the
// group's log also where another organization had one of that name in that instant.
func TestSwallowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		closed := s.shut(s.orgs[1])
		s.start()
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		at := time.Now().Truncate(time.Second)
		s.happen(s.orgs[0], at, "org.user.role.edit", snyksim.NotInGroup)
		s.happen(closed, at, "org.user.role.edit", snyksim.InGroupWithoutOrg)
		wait(3 * time.Hour)
		s.once(s.orgs[0])
	})
}
