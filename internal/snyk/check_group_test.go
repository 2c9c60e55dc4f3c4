package snyk

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

const (
	orgLogType   = snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT
	groupLogType = snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT
)

func types(list ...snykstreamv1.LogType) []snykstreamv1.LogType { return list }

// asking notes the paths that a check asks for, with their scopes in words.
func asking(asked *[]string, h http.Handler) http.HandlerFunc {
	names := strings.NewReplacer("/rest/", "", orgID, "O", groupID, "G", "/audit_logs/search", " log")
	return func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, names.Replace(r.URL.Path))
		h.ServeHTTP(w, r)
	}
}

// TestCheckAsksForWhatIsRead tries every configuration with a credential that may
// do everything.
func TestCheckAsksForWhatIsRead(t *testing.T) {
	all := true
	tests := []struct {
		name    string
		what    *snykstreamv1.SnykConfig
		asked   string
		skipped string
	}{
		{
			"an organization", &snykstreamv1.SnykConfig{OrganizationId: orgID},
			"self, orgs/O, orgs/O log", "GROUP_READABLE GROUP_AUDIT_READABLE",
		},
		{
			"an organization, its group only told",
			&snykstreamv1.SnykConfig{OrganizationId: orgID, GroupId: groupID, LogTypes: types(orgLogType)},
			"self, orgs/O, orgs/O log", "GROUP_READABLE GROUP_AUDIT_READABLE",
		},
		{
			"a group", &snykstreamv1.SnykConfig{GroupId: groupID},
			"self, groups/G, groups/G log", "ORGANIZATION_READABLE ORG_AUDIT_READABLE",
		},
		{
			"an organization and its group", &snykstreamv1.SnykConfig{OrganizationId: orgID, GroupId: groupID},
			"self, orgs/O, orgs/O log, groups/G, groups/G log", "",
		},
		{
			"an organization and the group that it is found to have",
			&snykstreamv1.SnykConfig{OrganizationId: orgID, LogTypes: types(orgLogType, groupLogType)},
			"self, orgs/O, orgs/O log, groups/G, groups/G log", "",
		},
		{
			"the group of an organization that is not read",
			&snykstreamv1.SnykConfig{OrganizationId: orgID, LogTypes: types(groupLogType)},
			"self, orgs/O, groups/G, groups/G log", "ORG_AUDIT_READABLE",
		},
		{
			"all organizations and the group", &snykstreamv1.SnykConfig{GroupId: groupID, AllOrganizations: &all},
			"self, groups/G, groups/G log, groups/G/orgs, orgs/O log", "",
		},
		{
			"all organizations without the group's log",
			&snykstreamv1.SnykConfig{GroupId: groupID, AllOrganizations: &all, LogTypes: types(orgLogType)},
			"self, groups/G, groups/G/orgs, orgs/O log", "GROUP_AUDIT_READABLE",
		},
		{
			"all organizations of the group that is found",
			&snykstreamv1.SnykConfig{OrganizationId: orgID, AllOrganizations: &all},
			"self, orgs/O, orgs/O log, groups/G, groups/G/orgs", "GROUP_AUDIT_READABLE",
		},
		{
			"all organizations, but no log of theirs",
			&snykstreamv1.SnykConfig{GroupId: groupID, AllOrganizations: &all, LogTypes: types(groupLogType)},
			"self, groups/G, groups/G log", "ORGANIZATION_READABLE ORG_AUDIT_READABLE",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			got, err := newClients(t, asking(&asked, good()), at).Check(t.Context(), tt.what, key)
			if err != nil || !got.GetValid() || got.GetGroupId() != groupID {
				t.Fatalf("%v, %v", err, got)
			}
			wantWords(t, got)
			if text := strings.Join(asked, ", "); text != tt.asked {
				t.Errorf("asked %s, want %s", text, tt.asked)
			}
			want := map[string]string{"EXPIRY": "SKIPPED"}
			for kind := range strings.FieldsSeq(tt.skipped) {
				want[kind] = "SKIPPED"
			}
			for kind, result := range results(got) {
				if wanted := want[kind]; (wanted == "" && result != "PASSED") || (wanted != "" && result != wanted) {
					t.Errorf("%s %s", kind, result)
				}
			}
		})
	}
}

// TestCheckOfAGroup gives bad answers to a configuration that reads an
// organization and its group.
func TestCheckOfAGroup(t *testing.T) {
	no := func(status int) say { return say{status, "", nil} }
	tests := []struct {
		name   string
		change func(*region)
		// named says that group_id is set.
		named bool
		// changed are the results that did not pass.
		changed map[string]string
		outage  bool
		// kind is the check that says this in its message or its remedy.
		kind snykstreamv1.CredentialCheck_Kind
		text string
		// lacks must not be said there.
		lacks string
	}{
		{
			"no right to the group's log", func(g *region) { g.groupLog = no(403) }, true,
			map[string]string{"GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroupAudit, "group.audit.read", "",
		},
		{
			"who has it", func(g *region) { g.groupLog = no(403) }, true,
			map[string]string{"GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroupAudit, "only Group Admin has it by default", "",
		},
		{
			"the organization alone would do", func(g *region) { g.groupLog = no(403) }, true,
			map[string]string{"GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroupAudit, "set log_types to [LOG_TYPE_SNYK_ORG_AUDIT]", "",
		},
		{
			"refused as not found", func(g *region) { g.groupLog = no(404) }, true,
			map[string]string{"GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroupAudit, "LOG_TYPE_SNYK_ORG_AUDIT", "",
		},
		{
			"neither log", func(g *region) { g.log, g.groupLog = no(403), no(403) }, true,
			map[string]string{"ORG_AUDIT_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroupAudit,
			"group.audit.read", "LOG_TYPE_SNYK_ORG_AUDIT",
		},
		{
			"no right to look the group up", func(g *region) { g.group = no(403) }, true,
			map[string]string{"GROUP_READABLE": "WARNING"},
			false, kindGroup, "group.read", "",
		},
		{
			"the lookup is gone", func(g *region) { g.group = no(410) }, true,
			map[string]string{"GROUP_READABLE": "WARNING"},
			false, kindGroup, "cannot be looked up", "",
		},
		{
			"the lookup is down", func(g *region) { g.group = no(500) }, true,
			map[string]string{"GROUP_READABLE": "WARNING"},
			false, kindGroup, "cannot be looked up", "",
		},
		{
			"neither lookup nor log", func(g *region) { g.group, g.groupLog = no(403), no(403) }, true,
			map[string]string{"GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroup, "group.read", "",
		},
		{
			"no such group", func(g *region) { g.group, g.groupLog = no(404), no(404) }, true,
			map[string]string{"GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroup, groupID, "",
		},
		{
			"another group answers", func(g *region) { g.group.body = orgBody; g.groupLog = no(404) }, true,
			map[string]string{"GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "FAILED"},
			false, kindGroup, "another group", "",
		},
		{
			"the group's log is down", func(g *region) { g.groupLog = no(502) }, true,
			map[string]string{"GROUP_AUDIT_READABLE": "FAILED"},
			true, kindGroupAudit, "try again", "LOG_TYPE",
		},
		{
			"the group's log is down, and its lookup refused", func(g *region) { g.group, g.groupLog = no(403), no(502) }, true,
			map[string]string{"GROUP_READABLE": "WARNING", "GROUP_AUDIT_READABLE": "FAILED"},
			true, kindGroup, "try again", "",
		},
		{
			"the organization has another group", func(g *region) {
				g.org.body = strings.ReplaceAll(orgBody, groupID, orgID)
			}, true,
			map[string]string{"ORGANIZATION_READABLE": "FAILED"},
			false, kindOrganization, "belongs to group " + orgID, "",
		},
		{
			"who it is may not be asked", func(g *region) { g.self, g.log = no(403), no(403) }, true,
			map[string]string{"AUTHENTICATED": "WARNING", "ORG_AUDIT_READABLE": "FAILED"},
			false, kindAuthenticated, "audit log can be read", "",
		},
		{
			"the group cannot be found", func(g *region) { g.org = no(403) }, false,
			map[string]string{"ORGANIZATION_READABLE": "WARNING", "GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "SKIPPED"},
			false, kindGroup, "set group_id, or give the credential the permission org.read", "",
		},
		{
			"the group cannot be found for now", func(g *region) { g.org = no(503) }, false,
			map[string]string{"ORGANIZATION_READABLE": "WARNING", "GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "SKIPPED"},
			true, kindGroup, "try again", "",
		},
		{
			"the organization has no group", func(g *region) {
				g.org.body = strings.ReplaceAll(orgBody, `"group_id"`, `"other"`)
			}, false,
			map[string]string{"GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "SKIPPED"},
			false, kindGroup, "belongs to no group", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := good()
			tt.change(&g)
			what := &snykstreamv1.SnykConfig{OrganizationId: orgID, LogTypes: types(orgLogType, groupLogType)}
			if tt.named {
				what.GroupId = groupID
			}
			got, err := newClients(t, g.ServeHTTP, at).Check(t.Context(), what, key)
			var trouble *audit.SnykError
			if got == nil || errors.As(err, &trouble) != tt.outage || (err != nil) != tt.outage {
				t.Fatalf("%v, %v", err, got)
			}
			wantWords(t, got)
			want := map[string]string{
				"FORMAT": "PASSED", "REACHABLE": "PASSED", "AUTHENTICATED": "PASSED", "ORGANIZATION_READABLE": "PASSED",
				"ORG_AUDIT_READABLE": "PASSED", "GROUP_READABLE": "PASSED", "GROUP_AUDIT_READABLE": "PASSED",
				"EXPIRY": "SKIPPED", "CLOCK_SKEW": "PASSED",
			}
			maps.Copy(want, tt.changed)
			if diff := cmp.Diff(want, results(got)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			c := of(got, tt.kind)
			said := c.GetMessage() + "; " + c.GetRemedy()
			if !strings.Contains(said, tt.text) || (tt.lacks != "" && strings.Contains(said, tt.lacks)) {
				t.Errorf("%q; want %q in it, and not %q", said, tt.text, tt.lacks)
			}
		})
	}
}

// An organization that is named for its group alone is a convenience where the
// group is named too.
func TestCheckOfAnOrganizationThatIsNotRead(t *testing.T) {
	for status, remedy := range map[int]string{403: "leave organization_id empty", 503: "try again"} {
		g := good()
		g.org = say{status, "", nil}
		what := &snykstreamv1.SnykConfig{OrganizationId: orgID, GroupId: groupID, LogTypes: types(groupLogType)}
		got, err := newClients(t, g.ServeHTTP, at).Check(t.Context(), what, key)
		if err != nil || !got.GetValid() {
			t.Fatalf("%v, %v", err, got)
		}
		wantWords(t, got)
		if c := of(got, kindOrganization); c.GetResult() != warning || !strings.Contains(c.GetRemedy(), remedy) {
			t.Errorf("%v, want a warning and %q", c, remedy)
		}
		org := got.GetOrganizations()[0]
		if org.GetAuditReadable() || !strings.Contains(org.GetAuditProblem(), "not tried") {
			t.Errorf("%v", org)
		}
	}
}

// What is known of the organization that is named is told where its group is not.
func TestCheckOfAllOrganizationsOfNoGroup(t *testing.T) {
	g := good()
	g.org.body = strings.ReplaceAll(orgBody, `"group_id"`, `"other"`)
	what := wholeGroup()
	what.OrganizationId, what.GroupId = orgID, ""
	got, err := newClients(t, g.ServeHTTP, at).Check(t.Context(), what, key)
	if err != nil || got.GetValid() {
		t.Fatalf("%v, %v", err, got)
	}
	wantWords(t, got)
	for _, kind := range []snykstreamv1.CredentialCheck_Kind{kindOrganization, kindOrgAudit} {
		if c := of(got, kind); c.GetResult() != passed {
			t.Errorf("%v", c)
		}
	}
	if c := of(got, kindGroup); c.GetResult() != failed {
		t.Errorf("%v", c)
	}
}

// A configuration that names nothing is refused by its validation; the check of it
// says what is missing all the same.
func TestCheckOfNothing(t *testing.T) {
	all := true
	got, err := newClients(t, good().ServeHTTP, at).Check(t.Context(), &snykstreamv1.SnykConfig{AllOrganizations: &all}, key)
	if err != nil || got.GetValid() {
		t.Fatalf("%v, %v", err, got)
	}
	wantWords(t, got)
	if c := of(got, kindGroup); c.GetResult() != failed || c.GetRemedy() != "set group_id" {
		t.Errorf("%v", c)
	}
	if c := of(got, kindOrganization); c.GetResult() != skipped || c.GetMessage() != "the group is not known" {
		t.Errorf("%v", c)
	}
	got, err = newClients(t, good().ServeHTTP, at).Check(t.Context(), nil, key)
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, got)
}
