package snyk

import (
	"net/http"
	"strings"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// TestCheckOfAPIAccess refuses the requests for api.access records alone.
func TestCheckOfAPIAccess(t *testing.T) {
	yes := true
	org := func() *snykstreamv1.SnykConfig {
		return &snykstreamv1.SnykConfig{OrganizationId: orgID, IncludeApiAccess: &yes}
	}
	both := func() *snykstreamv1.SnykConfig {
		what := org()
		what.GroupId, what.LogTypes = groupID, types(orgLogType, groupLogType)
		return what
	}
	all := func() *snykstreamv1.SnykConfig {
		what := org()
		what.GroupId, what.LogTypes, what.AllOrganizations = groupID, types(orgLogType), &yes
		return what
	}
	some := func(g *region) {
		g.listed = numbers(2)
		g.logs = map[string]say{orgNumber(1): {403, "", nil}}
	}
	unread := func(g *region) { g.log.status = 403 }
	none := func(*region) {}
	for name, tt := range map[string]struct {
		what   *snykstreamv1.SnykConfig
		change func(*region)
		// status answers requests for api.access records with this path in theirs.
		status int
		path   string
		// asked is how many there are of them.
		asked    int
		ofOrg    snykstreamv1.CredentialCheck_Result
		ofGroup  snykstreamv1.CredentialCheck_Result
		messages []string
	}{
		"not asked for":     {config(), none, 403, "/", 0, passed, skipped, nil},
		"can be read":       {both(), none, 200, "/", 2, passed, passed, nil},
		"may not be read":   {org(), none, 403, "/", 1, warning, skipped, []string{"can be read, but the api.access records", "org.audit_log.read", "leave out include_api_access"}},
		"down":              {org(), none, 503, "/", 1, warning, skipped, []string{"api.access records", "try again"}},
		"the group's":       {both(), none, 403, "/groups/", 2, passed, warning, []string{"the group's audit log can be read, but the api.access records", "group.audit.read"}},
		"both":              {both(), none, 403, "/", 2, warning, warning, []string{"api.access records"}},
		"no log at all":     {org(), unread, 403, "/", 0, failed, skipped, nil},
		"beside a refusal":  {all(), some, 403, "/", 1, warning, skipped, []string{"1 of 3 organizations cannot be read", "; the api.access records", "leave out include_api_access"}},
		"beside all others": {all(), none, 403, "/", 1, warning, skipped, []string{"all 1 organization can be read, but the api.access records"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := good()
			tt.change(&g)
			asked := 0
			got, _ := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("events") == "api.access" {
					asked++
					if r.URL.Query().Get("size") != "1" {
						t.Errorf("asked for %s", r.URL.RequestURI())
					}
					if tt.status != 200 && strings.Contains(r.URL.Path, tt.path) {
						answering(tt.status, "")(w, r)
						return
					}
				}
				g.ServeHTTP(w, r)
			}, at).Check(t.Context(), tt.what, key)
			if got == nil || asked != tt.asked {
				t.Fatalf("%d requests for api.access records, want %d: %v", asked, tt.asked, got)
			}
			wantWords(t, got)
			ofOrg, ofGroup := of(got, kindOrgAudit), of(got, kindGroupAudit)
			if ofOrg.GetResult() != tt.ofOrg || ofGroup.GetResult() != tt.ofGroup {
				t.Errorf("%v, %v; want %v, %v", ofOrg, ofGroup, tt.ofOrg, tt.ofGroup)
			}
			said := ofOrg.GetMessage() + " " + ofOrg.GetRemedy() + " " + ofGroup.GetMessage() + " " + ofGroup.GetRemedy()
			for _, text := range tt.messages {
				if !strings.Contains(said, text) {
					t.Errorf("%q is not in %q", text, said)
				}
			}
			if told := strings.Contains(said, "include_api_access"); told != (len(tt.messages) > 0) {
				t.Errorf("%q", said)
			}
		})
	}
}
