package collect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// groupScene is a scene whose source reads a group and all its organizations.
type groupScene struct {
	*scene
	group snyksim.Group
	orgs  []snyksim.Org
	n     int
}

func newGroupScene(t *testing.T, sim snyksim.Config, journal *memoryJournal, orgs int) *groupScene {
	t.Helper()
	s := &groupScene{scene: newScene(t, sim, journal)}
	s.sim.RemoveOrg(s.org.ID)
	s.group = s.sim.PutGroup(snyksim.Group{Name: "Everything"})
	for range orgs {
		s.addOrg()
	}
	s.token = s.sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.GroupAdmin(s.group.ID)}})
	s.sources.token = s.token.Value
	config := s.sources.rec.Source.Snyk
	config.OrganizationId, config.GroupId, config.AllOrganizations = "", s.group.ID, new(true)
	return s
}

func (s *groupScene) addOrg() snyksim.Org {
	org := s.sim.PutOrg(snyksim.Org{Name: fmt.Sprintf("Org %d", len(s.orgs)), GroupID: s.group.ID})
	s.orgs = append(s.orgs, org)
	return org
}

// shut has Snyk refuse an organization's log, open has it show it again.
func (s *groupScene) shut(org snyksim.Org) snyksim.Org {
	org.FreePlan = true
	return s.sim.PutOrg(org)
}

func (s *groupScene) open(org snyksim.Org) {
	org.FreePlan = false
	s.sim.PutOrg(org)
}

// happen is something that happens in an organization.
func (s *groupScene) happen(org snyksim.Org, at time.Time, name string, view snyksim.GroupView) snyksim.RecordID {
	s.n++
	return s.sim.Append(org.ID, snyksim.Record{
		Created: at, Event: name, UserID: "u1", Group: view, Content: fmt.Sprintf(`{"n":%d}`, s.n),
	})[0]
}

// once fails unless everything that happened is stored once, whichever logs show
// it: what the organizations' logs that are read show, and what the group's shows
// beyond.
func (s *groupScene) once(read ...snyksim.Org) {
	s.t.Helper()
	bare := func(e snyksim.Emitted) [32]byte {
		raw := e.Raw
		if len(e.Former) > 0 {
			raw = e.Former[0]
		}
		hash, ok := audit.BareHash([]byte(raw))
		if !ok {
			s.t.Fatalf("unreadable: %s", raw)
		}
		return hash
	}
	want, inGroup, got, text := map[[32]byte]int{}, map[[32]byte]int{}, map[[32]byte]int{}, map[[32]byte]string{}
	for _, org := range read {
		for _, e := range s.sim.Emitted(org.ID) {
			want[bare(e)]++
			text[bare(e)] = e.Raw
		}
	}
	for _, e := range s.sim.Emitted(s.group.ID) {
		inGroup[bare(e)]++
		text[bare(e)] = e.Raw
	}
	for hash, n := range inGroup {
		want[hash] = max(want[hash], n)
	}
	ids, sequences := map[string]bool{}, map[string]uint64{}
	for _, r := range s.journal.records() {
		hash, _ := audit.BareHash(r.Raw)
		got[hash]++
		if ids[r.Event.GetId()] {
			s.t.Errorf("id %s is stored twice: %s", r.Event.GetId(), r.Raw)
		}
		ids[r.Event.GetId()] = true
		if sequences[r.Event.GetFeed()]++; r.Event.GetSequence() != sequences[r.Event.GetFeed()] {
			s.t.Errorf("sequence %d of %s, want %d", r.Event.GetSequence(), r.Event.GetFeed(), sequences[r.Event.GetFeed()])
		}
		if want[hash] == 0 {
			s.t.Errorf("stored, never shown: %s", r.Raw)
		}
	}
	wrong := 0
	for hash, n := range want {
		if got[hash] == n {
			continue
		}
		if wrong++; wrong <= 10 {
			s.t.Errorf("stored %d times, happened %d times: %s", got[hash], n, text[hash])
		}
	}
	if wrong > 0 {
		s.t.Errorf("%d of %d wrong", wrong, len(want))
	}
}

// feeds counts the stored events by feed.
func (s *groupScene) feeds() map[string]int {
	out := map[string]int{}
	for _, r := range s.journal.records() {
		out[r.Event.GetFeed()]++
	}
	return out
}
