package snyksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func (f *fixture) groupOrgs(args string) []string {
	f.t.Helper()
	var ids []string
	for _, o := range f.listed("/rest/groups/" + f.org.GroupID + "/orgs?version=2024-02-28" + args) {
		if dig(o, "type") != "org" || dig(o, "attributes", "group_id") != f.org.GroupID {
			f.t.Errorf("organization %v", o)
		}
		ids = append(ids, o["id"].(string))
	}
	return ids
}

// TestOrganizationsOfAGroup: hundreds of them over pages of any size, and those
// that come and go while it runs.
func TestOrganizationsOfAGroup(t *testing.T) {
	f := newFixture(t, Config{})
	other := f.AddGroup("Other")
	want := []string{f.org.ID}
	for i := range 344 {
		want = append(want, f.PutOrg(Org{Name: fmt.Sprintf("Org %d", i), GroupID: f.org.GroupID}).ID)
		f.PutOrg(Org{Name: fmt.Sprintf("Other %d", i), GroupID: other.ID})
	}
	for args, requests := range map[string]int{"": 35, "&limit=100": 4, "&limit=50": 7} {
		f.ResetRequests()
		if got := f.groupOrgs(args); !slices.Equal(got, want) || f.Count(KindGroupOrgs) != requests {
			t.Errorf("%s: %d organizations in %d requests", args, len(got), f.Count(KindGroupOrgs))
		}
	}
	f.RemoveOrg(want[17])
	want = append(slices.Delete(want, 17, 18), f.PutOrg(Org{Name: "New", GroupID: f.org.GroupID}).ID)
	if got := f.groupOrgs("&limit=100"); !slices.Equal(got, want) {
		t.Errorf("after one went and one came: %d organizations", len(got))
	}
	// One that moves to another group is no longer here, with whatever it had.
	moved, _ := f.world.org(want[3])
	moved.GroupID = other.ID
	f.PutOrg(moved)
	if got := f.groupOrgs("&limit=100"); slices.Contains(got, moved.ID) || len(got) != len(want)-1 {
		t.Errorf("after one moved: %d organizations", len(got))
	}
}

// TestOrganizationsThatRefuse: who may list a group need not read all of it.
func TestOrganizationsThatRefuse(t *testing.T) {
	f := newFixture(t, Config{})
	foreign, free := f.AddOrg("Foreign"), f.PutOrg(Org{Name: "Free", GroupID: f.org.GroupID, FreePlan: true})
	tok := f.AddToken(Token{Grants: []Grant{GroupViewer(f.org.GroupID), OrgAdmin(f.org.ID), OrgAdmin(free.ID)}})
	audit := func(org Org) int {
		return f.getAs("token "+tok.Value, "/rest/orgs/"+org.ID+"/audit_logs/search?version=2024-10-15").status
	}
	if g := f.getAs("token "+tok.Value, "/rest/groups/"+f.org.GroupID+"/orgs?version=2024-02-28"); g.status != 200 || strings.Count(g.body, `"type":"org"`) != 3 {
		t.Errorf("listing: %d %s", g.status, g.body)
	}
	if audit(f.org) != 200 || audit(foreign) != 403 || audit(free) != 403 {
		t.Errorf("%d, %d, %d", audit(f.org), audit(foreign), audit(free))
	}
	f.SetGrants(tok.Value, GroupAdmin(f.org.GroupID))
	free.FreePlan = false
	f.PutOrg(free)
	if audit(foreign) != 200 || audit(free) != 200 {
		t.Errorf("granted later: %d, %d", audit(foreign), audit(free))
	}
}

// TestGroupLogShowsItsOrganizations: with org_id, without, later than the
// organization itself, with other content, or not at all.
func TestGroupLogShowsItsOrganizations(t *testing.T) {
	f := newFixture(t, Config{})
	at := epoch.Add(-time.Hour)
	f.Append(f.org.ID,
		Record{Created: at, Event: "org.own", UserID: "u"},
		Record{Created: at, Event: "org.with", Group: InGroupWithOrg, UserID: "u", ProjectID: "p"},
		Record{Created: at, Event: "org.without", Group: InGroupWithoutOrg, Content: `{"a":1}`},
		Record{Created: at, Event: "org.other", Group: InGroupWithOrg, Content: `{"a":1}`, GroupContent: `{"a":2}`},
		Record{Created: at, Event: "org.later", Group: InGroupWithOrg, GroupVisibleAt: epoch.Add(time.Minute)},
		Record{Created: at, Event: "org.sooner", Group: InGroupWithOrg, VisibleAt: epoch.Add(time.Minute), GroupVisibleAt: epoch},
	)
	f.Append(f.org.GroupID, Record{Created: at, Event: "group.edit"})
	head := `{"created":"2025-03-12T10:30:00.000Z","event":"`
	gid, oid := `,"group_id":"`+f.org.GroupID+`"`, `,"org_id":"`+f.org.ID+`"`
	want := map[string]string{
		"org.with":    head + `org.with"` + gid + oid + `,"project_id":"p","user_id":"u"}`,
		"org.without": head + `org.without"` + gid + `,"content":{"a":1}}`,
		"org.other":   head + `org.other"` + gid + oid + `,"content":{"a":2}}`,
		"org.sooner":  head + `org.sooner"` + gid + oid + `}`,
		"group.edit":  head + `group.edit"` + gid + `}`,
	}
	path := "/rest/groups/" + f.org.GroupID + "/audit_logs/search?version=2024-10-15"
	compare := func(got []string) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%d records: %q", len(got), got)
		}
		for name, record := range want {
			if !slices.Contains(got, record) {
				t.Errorf("%s is not as %s in %q", name, record, got)
			}
		}
	}
	compare(f.get(path).items(t))
	own := map[RecordID]bool{0: true}
	for _, e := range f.Emitted(f.org.ID) {
		own[e.ID] = e.CopyOf == 0
	}
	for _, e := range f.Emitted(f.org.GroupID) {
		if !own[e.CopyOf] || (e.CopyOf == 0) != (e.Event == "group.edit") {
			t.Errorf("the ledger takes %s for a copy of %d", e.Event, e.CopyOf)
		}
	}
	if own := f.search().items(t); len(own) != 5 || slices.ContainsFunc(own, func(r string) bool { return strings.Contains(r, "sooner") }) {
		t.Errorf("the organization shows %q", own)
	}
	f.clock.advance(time.Minute)
	want["org.later"] = head + `org.later"` + gid + oid + `}`
	compare(f.get(path).items(t))
	if own := f.search().items(t); len(own) != 6 || strings.Contains(strings.Join(own, ""), "group_id") {
		t.Errorf("the organization shows %q", own)
	}
}

// TestFaultsOfOneOrganization leave the others alone.
func TestFaultsOfOneOrganization(t *testing.T) {
	f := newFixture(t, Config{})
	other := f.AddOrg("Other")
	f.Inject(Fault{Match: Match{ScopeIDs: []string{other.ID}}, Effect: Status(500, BodyHTML)})
	if g := f.search(); g.status != http.StatusOK {
		t.Errorf("status %d", g.status)
	}
	if g := f.get(strings.Replace(f.searchPath(), f.org.ID, other.ID, 1)); g.status != 500 {
		t.Errorf("of the other: status %d", g.status)
	}
}

// TestListsOfTheDirectoryUnderFaults: what can go wrong with the pages of an
// audit log can with those of a list.
func TestListsOfTheDirectoryUnderFaults(t *testing.T) {
	f := newFixture(t, Config{})
	want := []string{f.org.ID}
	for i := range 24 {
		want = append(want, f.PutOrg(Org{Name: fmt.Sprintf("Org %d", i), GroupID: f.org.GroupID}).ID)
	}
	for name, c := range map[string]struct {
		fault    Fault
		requests int
	}{
		"short pages":   {Fault{Effect: ShortPages(7)}, 4},
		"an empty page": {Fault{Match: Match{Nth: 2}, Times: 1, Effect: ShortPages(0)}, 4},
		"empty at once": {Fault{Times: 1, Effect: ShortPages(0)}, 4},
		"trailing next": {Fault{Effect: TrailingNext()}, 4},
		"whole links":   {Fault{Effect: Link(LinkAbsolute)}, 3},
	} {
		f.ResetRequests()
		in := f.Inject(c.fault)
		if got := f.groupOrgs("&limit=10"); !slices.Equal(got, want) || f.Count(KindGroupOrgs) != c.requests || in.Fired() == 0 {
			t.Errorf("%s: %d organizations in %d requests, fired %d", name, len(got), f.Count(KindGroupOrgs), in.Fired())
		}
		in.Remove()
	}
	path := "/rest/groups/" + f.org.GroupID + "/orgs?version=2024-02-28&limit=10"
	next := func() string {
		var d struct{ Links struct{ Next string } }
		if err := json.Unmarshal([]byte(f.get(path).body), &d); err != nil {
			t.Fatal(err)
		}
		return d.Links.Next
	}
	f.Inject(Fault{Times: 1, Effect: RefuseCursor()})
	if g := f.get(next()); g.status != 400 || g.document(t).Errors[0].Source.Parameter != "starting_after" {
		t.Errorf("refused cursor: %s", g.body)
	}
	f.Inject(Fault{Times: 1, Effect: ForeignLink("https://evil.test")})
	if link := next(); !strings.HasPrefix(link, "https://evil.test/rest/groups/") {
		t.Errorf("foreign link %q", link)
	}
	// A list that lacks its link looks whole: chaos must not lie about what there is.
	f.Chaos(1)
	for _, in := range f.faults.list {
		if kinds := in.fault.Match.Kinds; in.fault.Name == "drop next" && (len(kinds) == 0 || slices.Contains(kinds, KindGroupOrgs)) {
			t.Error("chaos cuts lists short")
		}
	}
}
