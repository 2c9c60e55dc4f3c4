package snyksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// listed is a list of the directory, all pages of it.
func (f *fixture) listed(path string) []map[string]any {
	f.t.Helper()
	var out []map[string]any
	for pages := 0; path != "" && pages < 100; pages++ {
		g := f.get(path)
		if g.status != http.StatusOK {
			f.t.Fatalf("%s: %d %s", path, g.status, g.body)
		}
		var d struct {
			Data  []map[string]any
			Links struct{ Next string }
		}
		if err := json.Unmarshal([]byte(g.body), &d); err != nil {
			f.t.Fatalf("%s: %v", path, err)
		}
		out = append(out, d.Data...)
		path = d.Links.Next
	}
	return out
}

// dig follows names into nested objects.
func dig(v map[string]any, names ...string) any {
	var at any = v
	for _, n := range names {
		m, _ := at.(map[string]any)
		at = m[n]
	}
	return at
}

func TestDirectoryLists(t *testing.T) {
	f := newFixture(t, Config{})
	gid := f.org.GroupID
	for i := range 24 {
		f.PutOrg(Org{Name: fmt.Sprintf("Org %d", i), GroupID: gid})
		f.AddUser(User{Name: fmt.Sprintf("Person %d", i), Role: "Org Admin"}, f.org.ID, gid)
		f.AddServiceAccount(ServiceAccount{Name: fmt.Sprintf("bot-%d", i), ScopeID: f.org.ID})
		f.AddProject(Project{OrgID: f.org.ID, Name: fmt.Sprintf("acme/p%d", i)})
	}
	f.PutOrg(Org{Name: "Stranger"})
	for name, c := range map[string]struct {
		path string
		want int
		dig  []string
		last string
	}{
		"all organizations":  {"/rest/orgs?version=2024-02-28", 25, []string{"attributes", "name"}, "Org 23"},
		"of the group":       {"/rest/orgs?version=2024-02-28&limit=20&group_id=" + gid, 25, []string{"attributes", "group_id"}, gid},
		"group's list":       {"/rest/groups/" + gid + "/orgs?version=2024-02-28", 25, []string{"attributes", "slug"}, "org-23"},
		"members":            {"/rest/orgs/" + f.org.ID + "/memberships?version=2024-08-25", 24, []string{"relationships", "user", "data", "attributes", "email"}, "person.23@example.com"},
		"roles of members":   {"/rest/orgs/" + f.org.ID + "/memberships?version=2024-08-25&limit=10", 24, []string{"relationships", "role", "data", "attributes", "name"}, "Org Admin"},
		"group's members":    {"/rest/groups/" + gid + "/memberships?version=2024-08-25", 24, []string{"relationships", "user", "data", "attributes", "username"}, "person.23"},
		"service accounts":   {"/rest/orgs/" + f.org.ID + "/service_accounts?version=2023-09-07", 24, []string{"attributes", "name"}, "bot-23"},
		"group's accounts":   {"/rest/groups/" + gid + "/service_accounts?version=2023-09-07", 0, nil, ""},
		"projects":           {"/rest/orgs/" + f.org.ID + "/projects?version=2024-05-31&limit=100", 24, []string{"attributes", "name"}, "acme/p23"},
		"one project by ids": {"/rest/orgs/" + f.org.ID + "/projects?version=2024-05-31&ids=" + f.world.projects[3].ID, 1, []string{"attributes", "name"}, "acme/p3"},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			all := f.listed(c.path)
			if len(all) != c.want {
				t.Fatalf("%d items, want %d", len(all), c.want)
			}
			if c.want > 0 && dig(all[len(all)-1], c.dig...) != c.last {
				t.Errorf("last %v, want %q", all[len(all)-1], c.last)
			}
		})
	}
}

func TestDirectoryRefusals(t *testing.T) {
	f := newFixture(t, Config{})
	base := "/rest/orgs/" + f.org.ID + "/"
	collaborator := f.AddToken(Token{Grants: []Grant{OrgCollaborator(f.org.ID)}})
	for path, want := range map[string]int{
		base + "projects?version=2024-05-31&limit=5":                 400,
		base + "projects?version=2024-05-31&limit=15":                400,
		base + "projects?version=2024-05-31&limit=110":               400,
		base + "projects?version=2024-05-31&starting_after=nonsense": 400,
		base + "projects": 400,
		base + "service_accounts?version=2023-09-07":                   403,
		"/rest/groups/" + f.org.GroupID + "?version=2023-01-30~beta":   403,
		"/rest/groups/" + f.org.GroupID + "/orgs?version=2024-02-28":   403,
		"/rest/orgs/" + newUUID(newRand(3, 3)) + "?version=2024-02-28": 404,
		"/rest/orgs/" + f.org.ID + "?version=2024-02-28":               200,
	} {
		if g := f.getAs("token "+collaborator.Value, path); g.status != want {
			t.Errorf("%s: status %d, want %d", path, g.status, want)
		}
	}
}

func TestSelfAndSingles(t *testing.T) {
	f := newFixture(t, Config{})
	grants := []Grant{GroupAdmin(f.org.GroupID)}
	app := f.AddToken(Token{App: true, Grants: grants})
	machine := f.AddToken(Token{Kind: ServiceAccountToken, Grants: grants})
	for name, c := range map[string]struct {
		tok  Token
		kind string
	}{"user": {f.tok, "user"}, "account": {machine, "service_account"}, "app": {app, "app_instance"}} {
		g := f.getAs("token "+c.tok.Value, "/rest/self?version=2024-04-22")
		if g.status != 200 || !strings.Contains(g.body, `"type":"`+c.kind+`"`) || !strings.Contains(g.body, c.tok.PrincipalID) {
			t.Errorf("%s: %d %s", name, g.status, g.body)
		}
	}
	f.RemoveUser(f.tok.PrincipalID)
	if g := f.get("/rest/self?version=2024-04-22"); g.status != 401 {
		t.Errorf("deleted user: status %d", g.status)
	}
	g := f.get("/rest/groups/" + f.org.GroupID + "?version=2023-01-30~beta")
	if !strings.Contains(g.body, `"attributes":{"name":"Simulated group"}`) {
		t.Errorf("group: %s", g.body)
	}
	g = f.get("/rest/orgs/" + f.org.ID + "?version=2024-02-28")
	for _, want := range []string{`"name":"Goof"`, `"slug":"goof"`, `"group_id":"` + f.org.GroupID} {
		if !strings.Contains(g.body, want) {
			t.Errorf("organization lacks %s: %s", want, g.body)
		}
	}
}
