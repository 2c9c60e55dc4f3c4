package snyk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

const (
	selfBody  = `{"data":{"id":"u1","type":"user","attributes":{"name":"Jane"}}}`
	groupBody = `{"data":{"id":"` + groupID + `","type":"group","attributes":{"name":"Acme"}}}`
	orgBody   = `{"data":{"id":"` + orgID + `","type":"org","attributes":{"name":"Goof","slug":"goof","group_id":"` + groupID + `"}}}`
)

// say is one answer of a region.
type say struct {
	status  int
	body    string
	headers []string
}

// region answers the requests of a check.
type region struct {
	self, org, log  say
	group, groupLog say
	// listed are the organizations of the group, list the answer in place of them.
	listed []string
	list   *say
	// logs are the answers of single logs in place of log, by organization.
	logs map[string]say
}

func good() region {
	ok := say{200, empty, nil}
	return region{
		self: say{200, selfBody, nil}, org: say{200, orgBody, nil}, log: ok,
		group: say{200, groupBody, nil}, groupLog: ok, listed: []string{orgID},
	}
}

// listBody is a list of the organizations, named o0, o1 and so on, in one page.
func listBody(ids ...string) string {
	var elements []string
	for i, id := range ids {
		elements = append(elements, fmt.Sprintf(`{"id":%q,"type":"org","attributes":{"name":"o%d","slug":"s%d","group_id":%q}}`, id, i, i, groupID))
	}
	return `{"jsonapi":{"version":"1.0"},"data":[` + strings.Join(elements, ",") + `]}`
}

func (g region) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := g.self
	parts := strings.Split(r.URL.Path, "/")
	ofGroup, ofLog := strings.HasPrefix(r.URL.Path, "/rest/groups/"), strings.HasSuffix(r.URL.Path, "/audit_logs/search")
	switch {
	case ofGroup && ofLog:
		what = g.groupLog
	case ofGroup && strings.HasSuffix(r.URL.Path, "/orgs"):
		what = say{200, listBody(g.listed...), nil}
		if g.list != nil {
			what = *g.list
		}
	case ofGroup:
		what = g.group
	case ofLog:
		what = g.log
		if own, ok := g.logs[parts[3]]; ok {
			what = own
		}
	case strings.HasPrefix(r.URL.Path, "/rest/orgs/"):
		what = g.org
	case r.URL.Path == oauthPath:
		what = say{200, `{"access_token":"access-1","expires_in":3600}`, nil}
	}
	w.Header().Set("Date", epoch.Format(http.TimeFormat))
	w.Header().Set("snyk-request-id", "req-1")
	answering(what.status, what.body, what.headers...)(w, r)
}

func at(c *Config) { c.Now = func() time.Time { return epoch.Add(time.Second) } }

// results are the checks' results by kind, without their prefixes.
func results(r *snykstreamv1.ValidateCredentialsResponse) map[string]string {
	out := map[string]string{}
	for _, c := range r.GetChecks() {
		out[strings.TrimPrefix(c.GetKind().String(), "KIND_")] = strings.TrimPrefix(c.GetResult().String(), "RESULT_")
	}
	return out
}

// of finds the check of a kind.
func of(r *snykstreamv1.ValidateCredentialsResponse, kind snykstreamv1.CredentialCheck_Kind) *snykstreamv1.CredentialCheck {
	for _, c := range r.GetChecks() {
		if c.GetKind() == kind {
			return c
		}
	}
	return nil
}

// wantWords holds that every check says what it must, and nothing secret.
func wantWords(t *testing.T, r *snykstreamv1.ValidateCredentialsResponse) {
	t.Helper()
	valid := true
	for i, c := range r.GetChecks() {
		if i > 0 && c.GetKind() <= r.GetChecks()[i-1].GetKind() {
			t.Errorf("%s comes after %s", c.GetKind(), r.GetChecks()[i-1].GetKind())
		}
		valid = valid && c.GetResult() != failed
		needs := c.GetResult() == failed || c.GetResult() == warning
		if c.GetMessage() == "" || (c.GetRemedy() != "") != needs {
			t.Errorf("%s %s: message %q, remedy %q", c.GetKind(), c.GetResult(), c.GetMessage(), c.GetRemedy())
		}
		if text := c.String(); strings.Contains(text, token) || strings.Contains(text, oauth.ClientSecret.Reveal()) {
			t.Errorf("%s shows a secret: %s", c.GetKind(), text)
		}
	}
	if len(r.GetChecks()) != 9 || r.GetValid() != valid {
		t.Errorf("%d checks, valid %v; want 9, %v", len(r.GetChecks()), r.GetValid(), valid)
	}
}

func config() *snykstreamv1.SnykConfig { return &snykstreamv1.SnykConfig{OrganizationId: orgID} }

func TestCheckOfAGoodCredential(t *testing.T) {
	var asked []string
	clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		good().ServeHTTP(w, r)
	}, at)
	got, err := clients.Check(t.Context(), config(), key)
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, got)
	want := &snykstreamv1.ValidateCredentialsResponse{
		Valid: true, GroupId: groupID,
		Credential: &snykstreamv1.CredentialInfo{
			Kind: snykstreamv1.CredentialKind_CREDENTIAL_KIND_API_TOKEN, LastFour: token[len(token)-4:], Principal: "Jane",
		},
		Organizations: []*snykstreamv1.Organization{{Id: orgID, Name: "Goof", Slug: "goof", AuditReadable: true}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform(),
		protocmp.IgnoreFields(&snykstreamv1.ValidateCredentialsResponse{}, "checks")); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	wantResults := map[string]string{
		"FORMAT": "PASSED", "REACHABLE": "PASSED", "AUTHENTICATED": "PASSED", "ORGANIZATION_READABLE": "PASSED",
		"ORG_AUDIT_READABLE": "PASSED", "GROUP_READABLE": "SKIPPED", "GROUP_AUDIT_READABLE": "SKIPPED",
		"EXPIRY": "SKIPPED", "CLOCK_SKEW": "PASSED",
	}
	if diff := cmp.Diff(wantResults, results(got)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if c := of(got, kindOrgAudit); c.GetHttpStatus() != 200 || c.GetSnykRequestId() != "req-1" {
		t.Errorf("check of the log: %v", c)
	}
	wantAsked := []string{
		"/rest/self?version=2024-04-22", "/rest/orgs/" + orgID + "?version=2024-02-28",
		// The minute before Snyk's clock, not ours.
		"/rest/orgs/" + orgID + "/audit_logs/search?from=2025-03-12T11%3A29%3A00.000Z&size=1&sort_order=ASC" +
			"&to=2025-03-12T11%3A30%3A00.000Z&version=2024-10-15",
	}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestCheckOfAnOAuthClient(t *testing.T) {
	got, err := newClients(t, good().ServeHTTP, at).Check(t.Context(), config(), oauth)
	if err != nil || !got.GetValid() {
		t.Fatalf("%v, %v", err, got)
	}
	wantWords(t, got)
}

// TestCheckAnswers gives one or more bad answers, and looks at what changes.
func TestCheckAnswers(t *testing.T) {
	rest := map[string]string{"ORGANIZATION_READABLE": "SKIPPED", "ORG_AUDIT_READABLE": "SKIPPED", "CLOCK_SKEW": "SKIPPED"}
	with := func(more map[string]string) map[string]string {
		out := maps.Clone(rest)
		maps.Copy(out, more)
		return out
	}
	no := func(status int) say { return say{status, "", nil} }
	tests := []struct {
		name   string
		change func(*region)
		// changed are the results that are not those of a good credential.
		changed map[string]string
		valid   bool
		// outage says that Check has an error.
		outage bool
		// kind is the check that has this remedy and status.
		kind   snykstreamv1.CredentialCheck_Kind
		remedy string
		status int32
	}{
		{
			"unknown token", func(g *region) { g.self = no(401) }, with(map[string]string{"AUTHENTICATED": "FAILED"}),
			false, false, kindAuthenticated, "region SNYK-US-01", 401,
		},
		{
			"Snyk is down", func(g *region) { g.self, g.org, g.log = no(503), no(503), no(503) },
			with(map[string]string{"AUTHENTICATED": "FAILED"}), false, true, kindAuthenticated, "try again", 503,
		},
		{
			"throttled", func(g *region) { g.self = say{429, "", []string{"Retry-After", "30"}} },
			with(map[string]string{"AUTHENTICATED": "FAILED"}), false, true, kindAuthenticated, "try again in 30s", 429,
		},
		{
			"another host", func(g *region) { g.self = say{302, "", []string{"Location", "https://login.example/"}} },
			with(map[string]string{"AUTHENTICATED": "FAILED"}), false, false, kindAuthenticated, "address of region", 302,
		},
		{
			"who it is may not be asked", func(g *region) { g.self = no(403) },
			map[string]string{"AUTHENTICATED": "WARNING"},
			true, false, kindAuthenticated, "audit log can be read", 403,
		},
		{
			"who it is cannot be found", func(g *region) { g.self = no(404) },
			map[string]string{"AUTHENTICATED": "WARNING"},
			true, false, kindAuthenticated, "audit log can be read", 404,
		},
		{
			"the lookup is gone", func(g *region) { g.self, g.org = no(410), no(410) },
			map[string]string{"AUTHENTICATED": "WARNING", "ORGANIZATION_READABLE": "WARNING"},
			true, false, kindOrganization, "set group_id", 410,
		},
		{
			"neither who nor the log", func(g *region) { g.self, g.log = no(403), no(403) },
			map[string]string{"AUTHENTICATED": "FAILED", "ORG_AUDIT_READABLE": "FAILED", "CLOCK_SKEW": "SKIPPED"},
			false, false, kindOrgAudit, "org.audit_log.read", 403,
		},
		{
			"least privilege", func(g *region) { g.org = no(403) },
			map[string]string{"ORGANIZATION_READABLE": "WARNING"},
			true, false, kindOrganization, "set group_id", 403,
		},
		{
			"the lookup is down, the log is not", func(g *region) { g.org = no(500) },
			map[string]string{"ORGANIZATION_READABLE": "WARNING"},
			true, false, kindOrganization, "set group_id", 500,
		},
		{
			"no permission", func(g *region) { g.log = no(403) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, "org.audit_log.read", 403,
		},
		{
			"the plan", func(g *region) { g.log = no(403) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, "Enterprise plan", 403,
		},
		{
			"wrong id", func(g *region) { g.org, g.log = no(404), no(404) },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, orgID, 404,
		},
		{
			"a refused request", func(g *region) { g.log = no(400) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, "organization id", 400,
		},
		{
			"an endpoint that is gone", func(g *region) { g.log = no(410) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, "newer release", 410,
		},
		{
			"the log is down", func(g *region) { g.log = no(502) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, true, kindOrgAudit, "try again", 502,
		},
		{
			"the log is down, and nothing else is told", func(g *region) { g.self, g.org, g.log = no(403), no(403), no(502) },
			map[string]string{
				"AUTHENTICATED": "WARNING", "ORGANIZATION_READABLE": "WARNING", "ORG_AUDIT_READABLE": "FAILED",
				"CLOCK_SKEW": "SKIPPED",
			},
			false, true, kindAuthenticated, "try again", 403,
		},
		{
			"the organization is down, the log refused", func(g *region) { g.org, g.log = no(502), no(403) },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrganization, "try again", 502,
		},
		{
			"throttled on the way", func(g *region) { g.org = say{429, "", []string{"Retry-After", "30"}} },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "FAILED"},
			false, true, kindOrgAudit, "try again in 30s", 0,
		},
		{
			"an error for a log", func(g *region) { g.log = say{200, `{"errors":[{"detail":"x"}]}`, nil} },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, "address of region", 200,
		},
		{
			"the token ends meanwhile", func(g *region) { g.log = no(401) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, false, kindOrgAudit, "region SNYK-US-01", 401,
		},
		{
			"clocks differ", func(g *region) { g.log.headers = []string{"Date", "Wed, 12 Mar 2025 11:25:00 GMT"} },
			map[string]string{"CLOCK_SKEW": "WARNING"},
			true, false, kindClockSkew, "NTP", 0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := good()
			tt.change(&g)
			clients := newClients(t, g.ServeHTTP, at)
			got, err := clients.Check(t.Context(), config(), key)
			var trouble *audit.SnykError
			if got == nil || errors.As(err, &trouble) != tt.outage || (err != nil) != tt.outage || got.GetValid() != tt.valid {
				t.Fatalf("%v, valid %v; want an outage: %v, valid: %v", err, got.GetValid(), tt.outage, tt.valid)
			}
			wantWords(t, got)
			want := map[string]string{
				"FORMAT": "PASSED", "REACHABLE": "PASSED", "AUTHENTICATED": "PASSED", "ORGANIZATION_READABLE": "PASSED",
				"ORG_AUDIT_READABLE": "PASSED", "GROUP_READABLE": "SKIPPED", "GROUP_AUDIT_READABLE": "SKIPPED",
				"EXPIRY": "SKIPPED", "CLOCK_SKEW": "PASSED",
			}
			maps.Copy(want, tt.changed)
			if diff := cmp.Diff(want, results(got)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			c := of(got, tt.kind)
			if !strings.Contains(c.GetRemedy(), tt.remedy) || c.GetHttpStatus() != tt.status {
				t.Errorf("remedy %q, status %d; want %q, %d", c.GetRemedy(), c.GetHttpStatus(), tt.remedy, tt.status)
			}
			if readable := want["ORG_AUDIT_READABLE"] == "PASSED"; len(got.GetOrganizations()) == 1 &&
				got.GetOrganizations()[0].GetAuditReadable() != readable {
				t.Errorf("audit_readable is not %v", readable)
			}
		})
	}
}

func TestCheckFormat(t *testing.T) {
	tests := []struct {
		name   string
		cred   audit.Credential
		result snykstreamv1.CredentialCheck_Result
		text   string
	}{
		{"API token", key, passed, ""},
		{"personal access token", audit.Credential{Token: audit.NewSecret("snyk_uat.12345678.e30.sig")}, passed, ""},
		{"service account token", audit.Credential{Token: audit.NewSecret("snyk_sat.12345678.e30.sig")}, passed, ""},
		{"OAuth client", oauth, passed, ""},
		{"unknown form", audit.Credential{Token: audit.NewSecret("test-token")}, warning, "none of the forms"},
		{"line end", audit.Credential{Token: audit.NewSecret(token + "\n")}, failed, "white space"},
		{"leading space", audit.Credential{Token: audit.NewSecret(" " + token)}, failed, "white space"},
		{"no-break space", audit.Credential{Token: audit.NewSecret(token + "\u00a0")}, failed, "white space"},
		{"control character", audit.Credential{Token: audit.NewSecret(token[:8] + "\x00" + token[8:])}, failed, "control"},
		{"byte order mark", audit.Credential{Token: audit.NewSecret("\ufeff" + token)}, failed, "control"},
		{"inner space", audit.Credential{Token: audit.NewSecret("a b")}, failed, "spaces"},
		{"scheme", audit.Credential{Token: audit.NewSecret("token " + token)}, failed, `"token"`},
		{"another scheme", audit.Credential{Token: audit.NewSecret("Bearer " + token)}, failed, `"bearer"`},
		{"whole header", audit.Credential{Token: audit.NewSecret("Authorization: token " + token)}, failed, `"authorization:"`},
		{"client secret with a line end", audit.Credential{ClientID: "a", ClientSecret: audit.NewSecret("secret-1\n")}, failed, "client secret"},
		{"client id with a space", audit.Credential{ClientID: " a", ClientSecret: audit.NewSecret("secret-1")}, failed, "client id"},
		{"nothing", audit.Credential{}, failed, "there is none"},
		{"no client secret", audit.Credential{ClientID: "a"}, failed, "secret is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				good().ServeHTTP(w, r)
			}, at)
			got, err := clients.Check(t.Context(), config(), tt.cred)
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, got)
			c := of(got, kindFormat)
			if c.GetResult() != tt.result || !strings.Contains(c.GetMessage(), tt.text) {
				t.Errorf("%s %q, want %s %q", c.GetResult(), c.GetMessage(), tt.result, tt.text)
			}
			if tt.result == failed && (asked != 0 || of(got, kindReachable).GetResult() != skipped) {
				t.Errorf("%d requests with a credential of that form", asked)
			}
		})
	}
}

func TestCheckOfAnotherGroup(t *testing.T) {
	what := config()
	what.GroupId = orgID
	got, err := newClients(t, good().ServeHTTP, at).Check(t.Context(), what, key)
	if err != nil || got.GetValid() || got.GetGroupId() != groupID {
		t.Fatalf("%v, %v", err, got)
	}
	if c := of(got, kindOrganization); c.GetResult() != failed || !strings.Contains(c.GetMessage(), groupID) {
		t.Errorf("%v", c)
	}
}

func TestCheckThatReachesNothing(t *testing.T) {
	clients := newClients(t, nil, func(c *Config) {
		c.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
	})
	got, err := clients.Check(t.Context(), config(), key)
	wantClass(t, err, audit.SnykUnavailable)
	wantWords(t, got)
	for kind, result := range results(got) {
		want := map[string]string{"FORMAT": "PASSED", "REACHABLE": "FAILED"}[kind]
		if want == "" {
			want = "SKIPPED"
		}
		if result != want {
			t.Errorf("%s %s, want %s", kind, result, want)
		}
	}
}

func TestCheckIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clients := newClients(t, nil, func(c *Config) {
			c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
		})
		start := time.Now()
		got, err := clients.Check(t.Context(), config(), key)
		wantClass(t, err, audit.SnykUnavailable)
		wantWords(t, got)
		if took := time.Since(start); took != checkTimeout || of(got, kindReachable).GetResult() != failed {
			t.Errorf("after %v: %v", took, of(got, kindReachable))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := clients.Check(ctx, config(), key); got != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("its caller left: %v, %v", got, err)
		}
	})
}

func TestCheckWhileSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clients := newClients(t, answering(429, "", "Retry-After", "60"))
		_, err := search(t, clients.For(us, key))
		wantClass(t, err, audit.SnykRateLimited)
		time.Sleep(20 * time.Second)
		got, err := clients.Check(t.Context(), config(), key)
		if trouble := wantClass(t, err, audit.SnykRateLimited); trouble.RetryAfter != 40*time.Second {
			t.Errorf("retry after %v", trouble.RetryAfter)
		}
		wantWords(t, got)
		if of(got, kindReachable).GetResult() != skipped || of(got, kindAuthenticated).GetResult() != failed {
			t.Errorf("%v", results(got))
		}
	})
}
