package snyk

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestOrganization(t *testing.T) {
	var asked string
	body := `{"jsonapi":{"version":"1.0"},"data":{"id":"` + orgID + `","type":"org","attributes":` +
		`{"name":"Goof\nInc","slug":"goof","is_personal":false,"group_id":"` + groupID + `"}}}`
	clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		answering(200, body)(w, r)
	})
	got, err := clients.For(us, key).Organization(t.Context(), orgID)
	if err != nil {
		t.Fatal(err)
	}
	want := audit.Organization{ID: orgID, Name: "Goof Inc", Slug: "goof", GroupID: groupID}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("organization (-want +got):\n%s", diff)
	}
	if asked != "https://api.snyk.io/rest/orgs/"+orgID+"?version=2024-02-28" {
		t.Errorf("asked %s", asked)
	}
}

func TestSelf(t *testing.T) {
	var asked string
	clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		answering(200, `{"data":{"id":"u1","type":"user","attributes":{"name":"Jane","username":"jane","email":"j@example.com","default_org_context":"o1"}}}`)(w, r)
	})
	got, err := clients.For(us, key).Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Self{ID: "u1", Type: "user", Name: "Jane", Username: "jane", Email: "j@example.com", DefaultOrganization: "o1"}
	if diff := cmp.Diff(want, got); diff != "" || asked != "https://api.snyk.io/rest/self?version=2024-04-22" {
		t.Errorf("asked %s; self (-want +got):\n%s", asked, diff)
	}
}

func TestPrincipal(t *testing.T) {
	for want, self := range map[string]Self{
		"Jane": {ID: "1", Name: "Jane", Username: "jane", Email: "j@x"}, "jane": {ID: "1", Username: "jane", Email: "j@x"},
		"j@x": {ID: "1", Email: "j@x"}, "1": {ID: "1"},
	} {
		if got := self.Principal(); got != want {
			t.Errorf("principal of %+v = %q, want %q", self, got, want)
		}
	}
}

func TestLookupsAreTolerant(t *testing.T) {
	for name, body := range map[string]string{
		"no attributes":    `{"data":{"id":"` + orgID + `"}}`,
		"null attributes":  `{"data":{"id":"` + orgID + `","attributes":null}}`,
		"other attributes": `{"data":{"id":"` + orgID + `","attributes":{"group_id":null,"name":7}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newClients(t, answering(200, body)).For(us, key).Organization(t.Context(), orgID)
			if err != nil || got != (audit.Organization{ID: orgID}) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestLookupsRefuse(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   audit.SnykClass
	}{
		{"another organization", 200, `{"data":{"id":"` + groupID + `"}}`, audit.SnykBadAnswer},
		{"nothing", 200, `{}`, audit.SnykBadAnswer},
		{"a list", 200, `{"data":[{"id":"` + orgID + `"}]}`, audit.SnykBadAnswer},
		{"HTML", 200, "<html>", audit.SnykBadAnswer},
		{"half", 200, `{"data":{"id":`, audit.SnykUnavailable},
		{"forbidden", 403, "", audit.SnykForbidden},
		{"not found", 404, "", audit.SnykNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newClients(t, answering(tt.status, tt.body)).For(us, key).Organization(t.Context(), orgID)
			wantClass(t, err, tt.want)
		})
	}
}
