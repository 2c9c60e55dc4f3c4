package snyk

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

var everyKind = map[string]snyksim.TokenKind{
	"API token": snyksim.LegacyToken, "personal access token": snyksim.PersonalAccessToken,
	"service account's token": snyksim.ServiceAccountToken, "OAuth client": snyksim.OAuthClient,
}

// noSecrets holds that a report shows nothing of a credential but its last four
// characters.
func noSecrets(t *testing.T, report *snykstreamv1.ValidateCredentialsResponse, cred audit.Credential) {
	t.Helper()
	text := report.String()
	for _, secret := range append(strings.Split(cred.Token.Reveal(), "."), cred.Token.Reveal(), cred.ClientSecret.Reveal()) {
		if len(secret) > 8 && strings.Contains(text, secret) {
			t.Errorf("the report shows a secret: %s", text)
		}
	}
}

// checkOf is the report on a credential, which must have all its words.
func (w *world) checkOf(t *testing.T, what *snykstreamv1.SnykConfig, cred audit.Credential) *snykstreamv1.ValidateCredentialsResponse {
	t.Helper()
	got, err := w.clients.Check(t.Context(), what, cred)
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, got)
	noSecrets(t, got, cred)
	return got
}

// TestCheckOfTheSimulatorsGroup tries credentials of every kind and right on a
// group and all its organizations.
func TestCheckOfTheSimulatorsGroup(t *testing.T) {
	const orgs = 12
	all := true
	w := newWorld(t)
	for n := 1; n < orgs; n++ {
		w.AddOrg(fmt.Sprint("Org ", n))
	}
	group, org := w.org.GroupID, w.org.ID
	what := &snykstreamv1.SnykConfig{GroupId: group, AllOrganizations: &all}
	rights := map[string]struct {
		grants []snyksim.Grant
		// not are the results that are not PASSED, but for those that nobody passes.
		not      map[string]string
		readable int
		listed   int
	}{
		"Group Admin": {[]snyksim.Grant{snyksim.GroupAdmin(group)}, nil, orgs, orgs},
		"least privilege": {
			[]snyksim.Grant{snyksim.Allow(group, snyksim.GroupAuditRead, snyksim.GroupOrganizationList, snyksim.OrgAuditRead)},
			map[string]string{"GROUP_READABLE": "WARNING"},
			orgs, orgs,
		},
		"some organizations only": {
			[]snyksim.Grant{snyksim.OrgAdmin(org), snyksim.Allow(group, snyksim.GroupRead, snyksim.GroupAuditRead, snyksim.GroupOrganizationList)},
			map[string]string{"ORG_AUDIT_READABLE": "WARNING"},
			1, orgs,
		},
		"all but the group's log": {
			[]snyksim.Grant{snyksim.Allow(group, snyksim.GroupRead, snyksim.GroupOrganizationList, snyksim.OrgAuditRead)},
			map[string]string{"GROUP_AUDIT_READABLE": "FAILED"},
			orgs, orgs,
		},
		"Group Viewer": {
			[]snyksim.Grant{snyksim.GroupViewer(group)},
			map[string]string{"ORG_AUDIT_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "FAILED"},
			0, orgs,
		},
		"Org Admin": {
			[]snyksim.Grant{snyksim.OrgAdmin(org)},
			map[string]string{
				"AUTHENTICATED": "PASSED", "ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "SKIPPED",
				"GROUP_READABLE": "FAILED", "GROUP_AUDIT_READABLE": "FAILED",
			},
			0, 0,
		},
	}
	for kindName, kind := range everyKind {
		for rightName, right := range rights {
			t.Run(kindName+", "+rightName, func(t *testing.T) {
				cred := w.credential(kind, right.grants...)
				got := w.checkOf(t, what, cred)
				want := map[string]string{
					"FORMAT": "PASSED", "REACHABLE": "PASSED", "AUTHENTICATED": "PASSED", "ORGANIZATION_READABLE": "PASSED",
					"ORG_AUDIT_READABLE": "PASSED", "GROUP_READABLE": "PASSED", "GROUP_AUDIT_READABLE": "PASSED",
					"EXPIRY": "SKIPPED", "CLOCK_SKEW": "PASSED",
				}
				if kind == snyksim.PersonalAccessToken {
					want["EXPIRY"] = "PASSED"
				}
				maps.Copy(want, right.not)
				if diff := cmp.Diff(want, results(got)); diff != "" {
					t.Errorf("results (-want +got):\n%s", diff)
				}
				alternative := strings.Contains(of(got, kindGroupAudit).GetRemedy(), "LOG_TYPE_SNYK_ORG_AUDIT")
				if offered := want["GROUP_AUDIT_READABLE"] == "FAILED" && right.readable > 0; alternative != offered {
					t.Errorf("%v", of(got, kindGroupAudit))
				}
				if readable := len(got.GetOrganizations()) - len(problems(got)); readable != right.readable || len(got.GetOrganizations()) != right.listed {
					t.Errorf("%d of %d organizations can be read, want %d of %d", readable, len(got.GetOrganizations()), right.readable, right.listed)
				}
			})
		}
	}
}

// TestListOfTheSimulator follows links of every form to the end.
func TestListOfTheSimulator(t *testing.T) {
	forms := map[string]snyksim.LinkForm{
		"relative": snyksim.LinkRelative, "bare": snyksim.LinkBare, "absolute": snyksim.LinkAbsolute,
		"object": snyksim.LinkObject, "absolute object": snyksim.LinkObjectAbsolute,
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			want := []audit.Organization{{ID: w.org.ID, Name: w.org.Name, Slug: w.org.Slug, GroupID: w.org.GroupID}}
			for n := range 250 {
				org := w.AddOrg(fmt.Sprint("Org ", n))
				want = append(want, audit.Organization{ID: org.ID, Name: org.Name, Slug: org.Slug, GroupID: org.GroupID})
			}
			w.PutOrg(snyksim.Org{Name: "Stranger", GroupID: w.AddGroup("Another").ID})
			w.Inject(snyksim.Fault{Effect: snyksim.Link(form)})
			client := w.clients.For(us, w.credential(snyksim.OAuthClient, snyksim.GroupAdmin(w.org.GroupID)))
			got, err := client.Organizations(t.Context(), strings.ToUpper(w.org.GroupID))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("organizations (-want +got):\n%s", diff)
			}
			if n, tokens := w.Count(snyksim.KindGroupOrgs), w.AccessTokensIssued(); n != 3 || tokens != 1 {
				t.Errorf("%d pages with %d access tokens, want 3 with 1", n, tokens)
			}
		})
	}
}

// TestFaultsOfTheSimulatorsList gives each fault of the second page its class: the
// first page is never the list.
func TestFaultsOfTheSimulatorsList(t *testing.T) {
	elsewhere := newStranger(t)
	for name, tt := range map[string]struct {
		effect snyksim.Effect
		nth    int
		want   audit.SnykClass
	}{
		"503":              {snyksim.Status(503, snyksim.BodyHTML), 2, audit.SnykUnavailable},
		"403":              {snyksim.Status(403, snyksim.BodyJSONAPI), 2, audit.SnykForbidden},
		"an empty object":  {snyksim.ReplaceBody("{}"), 2, audit.SnykBadAnswer},
		"reset":            {snyksim.Reset(), 2, audit.SnykUnavailable},
		"cut":              {snyksim.CutBody(0.5), 2, audit.SnykUnavailable},
		"truncated":        {snyksim.TruncateBody(0.5), 2, audit.SnykUnavailable},
		"huge":             {snyksim.HugeBody(4 << 20), 2, audit.SnykBadAnswer},
		"redirect":         {snyksim.Redirect(elsewhere.URL), 2, audit.SnykForeignLink},
		"throttle":         {snyksim.Throttle(time.Minute, snyksim.HintRetryAfter), 2, audit.SnykRateLimited},
		"repeated cursor":  {snyksim.RepeatCursor(), 2, audit.SnykBadAnswer},
		"cursor to start":  {snyksim.CursorToStart(), 2, audit.SnykBadAnswer},
		"a foreign link":   {snyksim.ForeignLink(elsewhere.URL), 2, audit.SnykForeignLink},
		"a foreign link 1": {snyksim.ForeignLink(elsewhere.URL), 1, audit.SnykForeignLink},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for n := range 220 {
				w.AddOrg(fmt.Sprint("Org ", n))
			}
			fault := w.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindGroupOrgs}, Nth: tt.nth}, Effect: tt.effect})
			got, err := w.clients.For(us, w.groupAdmin()).Organizations(t.Context(), w.org.GroupID)
			wantClass(t, err, tt.want)
			if got != nil || fault.Fired() == 0 {
				t.Errorf("%d organizations; the fault fired %d times", len(got), fault.Fired())
			}
		})
	}
}

// TestCheckOfTheSimulatorsTokens looks at what tokens tell of themselves.
func TestCheckOfTheSimulatorsTokens(t *testing.T) {
	const day = 24 * time.Hour
	w := newWorld(t)
	what := &snykstreamv1.SnykConfig{OrganizationId: w.org.ID}
	for name, tt := range map[string]struct {
		kind  snyksim.TokenKind
		lives time.Duration
		want  string
		valid bool
	}{
		"new":                         {snyksim.PersonalAccessToken, 0, "PASSED", true},
		"soon over":                   {snyksim.PersonalAccessToken, 3 * day, "WARNING", true},
		"over":                        {snyksim.PersonalAccessToken, -day, "FAILED", false},
		"a service account's":         {snyksim.ServiceAccountToken, 30 * day, "PASSED", true},
		"a service account's, over":   {snyksim.ServiceAccountToken, -day, "FAILED", false},
		"a service account's, no end": {snyksim.ServiceAccountToken, 0, "SKIPPED", true},
		"an API token":                {snyksim.LegacyToken, 0, "SKIPPED", true},
	} {
		t.Run(name, func(t *testing.T) {
			spec := snyksim.Token{Kind: tt.kind, Grants: []snyksim.Grant{snyksim.OrgAdmin(w.org.ID)}}
			if tt.lives != 0 {
				spec.Expires = w.Now().Add(tt.lives)
			}
			tok := w.AddToken(spec)
			got := w.checkOf(t, what, audit.Credential{Token: audit.NewSecret(tok.Value)})
			if result := results(got)["EXPIRY"]; result != tt.want || got.GetValid() != tt.valid {
				t.Errorf("%s, valid %v; want %s, %v", result, got.GetValid(), tt.want, tt.valid)
			}
			if end := got.GetCredential().GetExpireTime(); (end == nil) != tok.Expires.IsZero() || (end != nil && end.AsTime().Unix() != tok.Expires.Unix()) {
				t.Errorf("ends at %v, want %v", end.AsTime(), tok.Expires)
			}
		})
	}
}

// TestCheckSendsATokenOfAnotherRegionNowhere has tokens of a simulator in Europe.
func TestCheckSendsATokenOfAnotherRegionNowhere(t *testing.T) {
	sim, err := snyksim.New(snyksim.Config{Host: "api.eu.snyk.io"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim)
	defer srv.Close()
	clients, err := New(Config{Endpoints: map[snykstreamv1.Region]string{us: srv.URL, eu: srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer clients.Close()
	org := sim.AddOrg("Goof")
	tok := sim.AddToken(snyksim.Token{Kind: snyksim.PersonalAccessToken, Grants: []snyksim.Grant{snyksim.OrgAdmin(org.ID)}})
	cred := audit.Credential{Token: audit.NewSecret(tok.Value)}

	got, err := clients.Check(t.Context(), &snykstreamv1.SnykConfig{OrganizationId: org.ID, Region: us}, cred)
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, got)
	noSecrets(t, got, cred)
	if c := of(got, kindFormat); c.GetResult() != failed || !strings.Contains(c.GetMessage(), "SNYK-EU-01") {
		t.Errorf("%v", c)
	}
	if seen := sim.Requests(); len(seen) != 0 {
		t.Errorf("%d requests were made", len(seen))
	}
	got, err = clients.Check(t.Context(), &snykstreamv1.SnykConfig{OrganizationId: org.ID, Region: eu}, cred)
	if err != nil || !got.GetValid() {
		t.Errorf("%v, %v", err, got)
	}
}

// TestCheckOfAGroupTheSimulatorHides has 404 where a permission is missing.
func TestCheckOfAGroupTheSimulatorHides(t *testing.T) {
	sim, err := snyksim.New(snyksim.Config{HideForbidden: true})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim)
	defer srv.Close()
	clients, err := New(Config{Endpoints: map[snykstreamv1.Region]string{us: srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer clients.Close()
	w := &world{Sim: sim, org: sim.AddOrg("Goof"), clients: clients}
	what := &snykstreamv1.SnykConfig{OrganizationId: w.org.ID, GroupId: w.org.GroupID}
	got := w.checkOf(t, what, w.credential(snyksim.LegacyToken))
	if got.GetValid() || results(got)["ORG_AUDIT_READABLE"] != "PASSED" {
		t.Errorf("%v", results(got))
	}
	if c := of(got, kindGroupAudit); c.GetResult() != failed || !strings.Contains(c.GetRemedy(), "LOG_TYPE_SNYK_ORG_AUDIT") {
		t.Errorf("%v", c)
	}
}
