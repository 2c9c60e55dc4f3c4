package collect_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestGroupAndOrganizations: what an organization shows is the organization's,
// the rest is the group's, and nothing is stored twice: history and live.
func TestGroupAndOrganizations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0), 2)
		happenings := func(at time.Time) {
			for i, org := range s.orgs {
				s.happen(org, at, "org.edit", snyksim.InGroupWithOrg)
				s.happen(org, at, "org.edit", snyksim.InGroupWithoutOrg)
				s.happen(org, at.Add(time.Duration(i)*time.Second), "org.project.add", snyksim.NotInGroup)
				// The same in both organizations, in one instant.
				s.sim.Append(org.ID, snyksim.Record{Created: at, Event: "org.user.add", UserID: "admin", Content: `{"role":"ADMIN"}`, Group: snyksim.InGroupWithoutOrg})
			}
			s.sim.Append(s.group.ID, snyksim.Record{Created: at, Event: "group.edit", Content: `{}`}, snyksim.Record{Created: at, Event: "group.edit", Content: `{}`})
			// An organization event that no organization's log shows.
			s.sim.Append(s.group.ID, snyksim.Record{Created: at, Event: "org.create", Content: `{"name":"new"}`})
		}
		for day := range 60 {
			happenings(time.Now().Add(-time.Duration(day)*24*time.Hour - time.Hour))
		}
		s.start()
		defer func() { s.stop() }()
		for range 20 {
			wait(time.Minute)
			happenings(time.Now())
		}
		wait(20 * time.Minute)
		s.once(s.orgs...)
		counts := s.feeds()
		if counts["org/"+s.orgs[0].ID] != 80*4 || counts["org/"+s.orgs[1].ID] != 80*4 || counts["group/"+s.group.ID] != 80*3 {
			t.Errorf("stored %v", counts)
		}
	})
}

// TestOrganizationAddedLater: its events of before were read through the group,
// and it repeats none of them.
func TestOrganizationAddedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 2}, newMemoryJournal(2, 0), 1)
		s.start()
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		// Its past comes with it: what it did elsewhere, and what the group's log shows.
		late := s.addOrg()
		for i := range 50 {
			at := time.Now().Add(-time.Duration(i) * time.Hour)
			s.happen(late, at, "org.edit", snyksim.GroupView(i%3))
		}
		for range 15 {
			s.happen(late, time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
			s.happen(late, time.Now(), "org.edit", snyksim.InGroupWithOrg)
			wait(time.Minute)
		}
		wait(10 * time.Minute)
		s.once(s.orgs...)
		if n := s.feeds()["org/"+late.ID]; n < 60 {
			t.Errorf("%d events of the organization itself", n)
		}
	})
}

// TestAllOrganizationsLater: a source that has read the group's log for a while,
// and then is to read all organizations as well.
func TestAllOrganizationsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 3}, newMemoryJournal(3, 0), 3)
		s.sources.rec.Source.Snyk.AllOrganizations = nil
		for i := range 200 {
			s.happen(s.orgs[i%3], time.Now().Add(-time.Duration(i)*9*time.Hour), "org.edit", snyksim.GroupView(i/3%3))
		}
		s.start()
		defer func() { s.stop() }()
		wait(10 * time.Minute)
		if n := s.feeds()["group/"+s.group.ID]; n < 120 {
			t.Fatalf("%d events through the group", n)
		}
		s.change(func(source *snykstreamv1.Source) { source.Snyk.AllOrganizations = new(true) })
		wait(10 * time.Minute)
		s.once(s.orgs...)
	})
}

// TestUnreadableOrganizationIsLeftToTheGroup: after a while its events come from
// the group's log, and once it can be read, nothing of them is repeated.
func TestUnreadableOrganizationIsLeftToTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 4}, newMemoryJournal(4, 0), 2)
		closed := s.shut(s.orgs[1])
		s.start()
		defer func() { s.stop() }()
		for range 30 {
			s.happen(s.orgs[0], time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
			s.happen(closed, time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
			s.happen(closed, time.Now(), "org.edit", snyksim.InGroupWithOrg)
			wait(time.Minute)
		}
		if state := s.status().GetState(); state != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
			t.Errorf("state %v", state)
		}
		if n := s.feeds()["group/"+s.group.ID]; n < 40 {
			t.Errorf("%d events of the closed organization", n)
		}
		s.open(closed)
		wait(20 * time.Minute)
		s.once(s.orgs...)
	})
}

// TestOrganizationLeaves: the source goes on, and goes on with the organization
// when it comes back.
func TestOrganizationLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 5}, newMemoryJournal(5, 0), 2)
		s.start()
		defer func() { s.stop() }()
		gone := s.orgs[1]
		s.happen(gone, time.Now(), "org.edit", snyksim.InGroupWithOrg)
		wait(10 * time.Minute)
		s.sim.RemoveOrg(gone.ID)
		wait(5 * time.Minute)
		if feeds := s.status().GetFeeds(); len(feeds) != 2 || s.status().GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
			t.Errorf("status %v", s.status())
		}
		s.sim.ResetRequests()
		wait(10 * time.Minute)
		for _, r := range s.sim.Requests() {
			if r.ScopeID == gone.ID {
				t.Fatalf("still asked: %v", r)
			}
		}
		s.sim.PutOrg(gone)
		s.happen(gone, time.Now(), "org.edit", snyksim.NotInGroup)
		wait(10 * time.Minute)
		s.once(s.orgs...)
	})
}

// TestRewrittenInBothLogs: a rewrite looks new in neither log.
func TestRewrittenInBothLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 6}, newMemoryJournal(6, 0), 2)
		s.start()
		defer func() { s.stop() }()
		var ids []snyksim.RecordID
		for i := range 6 {
			ids = append(ids, s.happen(s.orgs[i%2], time.Now(), "org.user.invite", snyksim.GroupView(i%3)))
		}
		wait(20 * time.Minute)
		s.once(s.orgs...)
		for _, id := range ids {
			s.sim.Rewrite(id, func(r *snyksim.Record) { r.UserID, r.Content = "", `{}` })
		}
		wait(3 * time.Hour)
		s.once(s.orgs...)
	})
}

// TestGroupIsFound: where only an organization is named, its group is found, and
// then read.
func TestGroupIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 7}, newMemoryJournal(7, 0), 2)
		config := s.sources.rec.Source.Snyk
		config.GroupId, config.OrganizationId = "", s.orgs[0].ID
		config.LogTypes = []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT, snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT}
		broken := s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindOrg}}, Effect: snyksim.Status(500, snyksim.BodyHTML)})
		s.happen(s.orgs[0], time.Now().Add(-time.Hour), "org.edit", snyksim.InGroupWithOrg)
		s.happen(s.orgs[1], time.Now().Add(-time.Hour), "org.edit", snyksim.NotInGroup)
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_DEGRADED || len(got.GetFeeds()) != 1 {
			t.Errorf("before the group is found: %v", got)
		}
		broken.Remove()
		s.sim.Append(s.group.ID, snyksim.Record{Event: "group.edit"})
		wait(5 * time.Minute)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || len(got.GetFeeds()) != 3 {
			t.Errorf("status %v", got)
		}
		s.once(s.orgs...)
		for _, r := range s.journal.records() {
			if audit := r.Event.GetOrgAudit(); audit != nil && r.Event.GetSequence() > 1 && audit.GetGroupId() != s.group.ID {
				t.Errorf("without its group: %v", r.Event)
			}
		}
	})
}

// TestListThatFails: what was read before goes on, and the status says that others
// may be missing.
func TestListThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 8}, newMemoryJournal(8, 0), 2)
		s.start()
		wait(5 * time.Minute)
		s.stop()
		list := snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindGroupOrgs}}
		s.sim.Inject(snyksim.Fault{Match: list, Effect: snyksim.Status(403, snyksim.BodyJSONAPI)})
		s.start()
		defer func() { s.stop() }()
		for _, org := range s.orgs {
			s.happen(org, time.Now(), "org.edit", snyksim.InGroupWithoutOrg)
		}
		wait(5 * time.Minute)
		got := s.status()
		if got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_DEGRADED || len(got.GetFeeds()) != 3 ||
			!strings.Contains(got.GetMessage()+strings.Join(got.GetWarnings(), " "), "group.org.list") {
			t.Errorf("status %v", got)
		}
		added := s.addOrg()
		s.happen(added, time.Now(), "org.edit", snyksim.NotInGroup)
		s.sim.ClearFaults()
		wait(10 * time.Minute)
		s.once(s.orgs...)
		if counts := s.feeds(); counts["org/"+s.orgs[0].ID] != 1 || counts["org/"+added.ID] != 1 || counts["group/"+s.group.ID] != 0 {
			t.Errorf("stored %v", counts)
		}
	})
}

// TestAPIAccessOfAGroup: the lane of its own is read of every log, and shared like
// the other.
func TestAPIAccessOfAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 9}, newMemoryJournal(9, 0), 2)
		s.sources.rec.Source.Snyk.IncludeApiAccess = new(true)
		for i := range 40 {
			s.happen(s.orgs[i%2], time.Now().Add(-time.Duration(i)*time.Hour), "api.access", snyksim.GroupView(i%3))
		}
		s.start()
		defer func() { s.stop() }()
		for i := range 40 {
			org := s.orgs[i%2]
			s.happen(org, time.Now(), "api.access", snyksim.GroupView(i%3))
			s.happen(org, time.Now(), "org.edit", snyksim.GroupView(i%3))
			wait(20 * time.Second)
		}
		wait(10 * time.Minute)
		s.once(s.orgs...)
		if counts := s.feeds(); counts["org/"+s.orgs[0].ID] < 60 {
			t.Errorf("stored %v", counts)
		}
	})
}

// TestManyOrganizations: however many pages their list has, all of them are read.
func TestManyOrganizations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 10}, newMemoryJournal(10, 0), 230)
		s.sources.rec.Source.Snyk.PollInterval = durationpb.New(5 * time.Minute)
		for i, org := range s.orgs {
			s.happen(org, time.Now().Add(-time.Duration(i)*time.Minute), "org.edit", snyksim.GroupView(i%3))
		}
		s.start()
		defer func() { s.stop() }()
		wait(10 * time.Minute)
		s.once(s.orgs...)
		if counts := s.feeds(); len(counts) != 230 || counts["group/"+s.group.ID] != 0 {
			t.Errorf("events of %d feeds, %d of the group's", len(counts), counts["group/"+s.group.ID])
		}
		if n := len(s.status().GetFeeds()); n != 231 {
			t.Errorf("%d feeds are read", n)
		}
	})
}
