package server_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// family is a group whose log shows much of what its organizations' logs show.
type family struct {
	*servertest.House
	group string
	// orgs are in the group, late joins it while the source runs.
	orgs []snyksim.Org
	late snyksim.Org
}

func newFamily(h *servertest.House) *family {
	f := &family{House: h, group: h.Group.ID}
	f.orgs = []snyksim.Org{h.Org, h.Sim.PutOrg(snyksim.Org{Name: "Payments", GroupID: f.group})}
	f.late = h.Sim.PutOrg(snyksim.Org{Name: "Late", GroupID: f.group})
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	for _, org := range append(slices.Clone(f.orgs), f.late) {
		// A third of it in the group's log with org_id, a third without, a third not.
		h.Sim.Generate(org.ID, snyksim.History{Records: 120, End: ago(20 * time.Minute)})
		for _, view := range []snyksim.GroupView{snyksim.InGroupWithOrg, snyksim.InGroupWithoutOrg, snyksim.NotInGroup} {
			twin := snyksim.Record{Created: ago(3 * time.Hour), Event: "org.edit", UserID: "u" + org.ID, Content: fmt.Sprintf(`{"view":%d}`, view), Group: view}
			h.Sim.Append(org.ID, twin, twin)
		}
	}
	// More than an answer holds in one instant, in both logs, some of it the group's own.
	crowd := ago(48 * time.Hour)
	for i := range 120 {
		record := snyksim.Record{Created: crowd, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i/2), Group: snyksim.InGroupWithoutOrg}
		h.Sim.Append(f.orgs[i%2].ID, record)
	}
	for i := range 30 {
		h.Sim.Append(f.group, snyksim.Record{Created: crowd, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"group":%d}`, i/2)})
	}
	h.Sim.Generate(f.group, snyksim.History{Records: 60, End: ago(20 * time.Minute)})
	// Of an organization that the list does not have.
	h.Sim.Append(f.group, snyksim.Record{Created: ago(5 * time.Hour), Event: "org.edit", OrgID: "11111111-2222-4333-8444-555555555555"})
	h.Sim.RemoveOrg(f.late.ID)
	return f
}

// records are what is to be read: an organization's on its feed, the group's own
// on the group's, and there too what the group alone showed of the late one.
func (f *family) records(joined bool) servertest.Records {
	out := servertest.Records{}
	theirs := map[snyksim.RecordID]bool{}
	for _, org := range f.orgs {
		out[servertest.OrgFeed(org.ID)] = f.Sim.Emitted(org.ID)
		for _, e := range f.Sim.Emitted(org.ID) {
			theirs[e.ID] = true
		}
	}
	shown := map[snyksim.RecordID]bool{}
	for _, e := range f.Sim.Emitted(f.group) {
		own := !theirs[e.CopyOf]
		if joined && e.CopyOf != 0 && !f.before(e) {
			own = false
		}
		if own {
			out[servertest.GroupFeed(f.group)] = append(out[servertest.GroupFeed(f.group)], e)
			shown[e.CopyOf] = true
		}
	}
	if !joined {
		return out
	}
	for _, e := range f.Sim.Emitted(f.late.ID) {
		if !shown[e.ID] {
			out[servertest.OrgFeed(f.late.ID)] = append(out[servertest.OrgFeed(f.late.ID)], e)
		}
	}
	return out
}

// before says that a record is from before the late organization joined: all of
// its history is made to be.
func (f *family) before(e snyksim.Emitted) bool { return time.Since(e.Created) > 10*time.Minute }

// TestGroupAndOrganizations: what the group's log and those of its organizations
// show of one thing comes once, as the organization's; what only the group shows
// comes as the group's. An organization that joins is picked up, and what came of
// it through the group does not come again.
func TestGroupAndOrganizations(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	f := newFamily(h)
	h.CreateAs(h.GroupRequest("my-group"))
	r := h.NewReader()
	r.UntilAll(func() servertest.Records { return f.records(false) })
	r.ExactFeeds(f.records(false))
	h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)

	h.Sim.PutOrg(f.late)
	h.Sim.Append(f.group, snyksim.Record{Event: "group.org.add", Content: fmt.Sprintf(`{"orgPublicId":%q}`, f.late.ID)})
	r.UntilAll(func() servertest.Records { return f.records(true) })
	h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	for _, org := range append(f.orgs, f.late) {
		h.Sim.Append(org.ID, snyksim.Record{Event: "org.user.add", Group: snyksim.InGroupWithOrg})
	}
	r.UntilAll(func() servertest.Records { return f.records(true) })
	r.ExactFeeds(f.records(true))
	if feeds := h.Source("my-group").GetStatus().GetFeeds(); len(feeds) != 4 {
		t.Errorf("the source reads %v", feeds)
	}
}

// TestGroupWithOneOrganization: with both named, the same holds of the two; the
// group's other organizations show through the group alone.
func TestGroupWithOneOrganization(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	f := newFamily(h)
	f.orgs = f.orgs[:1]
	req := h.GroupRequest("my-group")
	req.Source.Snyk.AllOrganizations, req.Source.Snyk.OrganizationId = nil, h.Org.ID
	h.CreateAs(req)
	r := h.NewReader()
	r.UntilAll(func() servertest.Records { return f.records(false) })
	r.ExactFeeds(f.records(false))
}
