package collect_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestGroupFoundRace is for the race detector.
func TestGroupFoundRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.token = s.sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(s.org.ID), snyksim.GroupAdmin(s.org.GroupID)}})
		s.sources.token = s.token.Value
		s.sources.rec.Source.Snyk.LogTypes = []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT, snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT}
		s.start()
		defer func() { s.stop() }()
		wait(5 * time.Minute)
		if n := len(s.status().GetFeeds()); n != 2 {
			t.Errorf("%d feeds", n)
		}
	})
}

// TestGroupReadLaterKnowsTheLead: events stored while our clock was behind are
// known to a feed that is read later.
func TestGroupReadLaterKnowsTheLead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		s.sources.rec.Source.Snyk.LogTypes = []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT}
		skew := s.sim.Inject(snyksim.Fault{Effect: snyksim.DateSkew(time.Hour)})
		s.start()
		defer func() { s.stop() }()
		for i := range 20 {
			s.happen(s.orgs[i%2], time.Now().Add(time.Hour), "org.edit", snyksim.InGroupWithOrg)
			wait(time.Minute)
		}
		skew.Remove()
		wait(3 * time.Hour)
		s.once(s.orgs...)
		s.change(func(source *snykstreamv1.Source) { source.Snyk.LogTypes = nil })
		wait(30 * time.Minute)
		s.once(s.orgs...)
	})
}

// TestNewOrganizationHasNoOldTrouble: an organization found does not begin with a
// trouble of the source that is over.
func TestNewOrganizationHasNoOldTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		s.sources.unlock("", &audit.Error{Kind: audit.KindInternal, Reason: snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE})
		s.start()
		defer func() { s.stop() }()
		wait(3 * time.Hour)
		s.sources.unlock(s.token.Value, nil)
		wait(20 * time.Minute)
		late := s.addOrg()
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{ScopeIDs: []string{late.ID}}, Effect: snyksim.Delay(5 * time.Second)})
		for range 60 {
			wait(time.Second)
			if state := s.status().GetState(); state != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY && state != snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING {
				t.Fatalf("state %v: %v", state, s.status().GetFeeds())
			}
		}
	})
}

// TestNoOrganizationAtAll: a list that is empty is not believed, and the status
// says what it means.
func TestNoOrganizationAtAll(t *testing.T) {
	for name, types := range map[string][]snykstreamv1.LogType{
		"with the group's log": nil, "organizations alone": {snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
				s.sources.rec.Source.Snyk.LogTypes = types
				s.start()
				defer func() { s.stop() }()
				wait(10 * time.Minute)
				feeds := len(s.status().GetFeeds())
				for _, org := range s.orgs {
					s.sim.RemoveOrg(org.ID)
				}
				wait(10 * time.Minute)
				got := s.status()
				if state := got.GetState(); state == snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || len(got.GetFeeds()) != feeds ||
					!strings.Contains(got.GetMessage()+strings.Join(got.GetWarnings(), " "), "no organization of the group") {
					t.Errorf("%d feeds before, status %v", feeds, got)
				}
				for _, org := range s.orgs {
					s.sim.PutOrg(org)
					s.happen(org, time.Now(), "org.edit", snyksim.NotInGroup)
				}
				wait(10 * time.Minute)
				if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
					t.Errorf("once they are back: %v", got)
				}
				s.once(s.orgs...)
			})
		})
	}
}

// TestRestartKnowsItsOrganizations: until the list is read again, those of before
// are not forgotten.
func TestRestartKnowsItsOrganizations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		s.start()
		wait(10 * time.Minute)
		s.stop()
		s.board = &health.Board{}
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindGroupOrgs}}, Effect: snyksim.Delay(20 * time.Second)})
		s.start()
		defer func() { s.stop() }()
		wait(15 * time.Second)
		if got := s.status(); got.GetState() == snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || len(got.GetFeeds()) != 3 {
			t.Errorf("before the list: %v", got)
		}
		wait(time.Minute)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || len(got.GetFeeds()) != 3 {
			t.Errorf("after the list: %v", got)
		}
	})
}

// TestPausedShowsWhoWasRead: an organization that left is not among the feeds of a
// paused source.
func TestPausedShowsWhoWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		s.start()
		defer func() { s.stop() }()
		s.happen(s.orgs[1], time.Now(), "org.edit", snyksim.NotInGroup)
		wait(20 * time.Minute)
		s.sim.RemoveOrg(s.orgs[1].ID)
		wait(20 * time.Minute)
		before := len(s.status().GetFeeds())
		s.change(func(source *snykstreamv1.Source) { source.Paused = new(true) })
		wait(time.Minute)
		if after := len(s.status().GetFeeds()); after != before {
			t.Errorf("%d feeds, before the pause %d", after, before)
		}
	})
}
