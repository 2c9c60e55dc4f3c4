package snyksim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAccess(t *testing.T) {
	f := newFixture(t, Config{})
	other := f.AddOrg("Other")
	nowhere := newUUID(newRand(5, 5))
	token := func(g ...Grant) string { return "token " + f.AddToken(Token{Grants: g}).Value }
	org := func(id string) string { return "/rest/orgs/" + id + "/audit_logs/search?version=2024-10-15" }
	group := func(id string) string { return "/rest/groups/" + id + "/audit_logs/search?version=2024-10-15" }
	gid := f.org.GroupID
	for name, c := range map[string]struct {
		auth, path string
		status     int
		code       string
	}{
		"no header":                  {"", org(f.org.ID), 401, "SNYK-OPENAPI-0007"},
		"unknown token":              {"token " + nowhere, org(f.org.ID), 401, "SNYK-OPENAPI-0007"},
		"token as bearer":            {"bearer " + f.tok.Value, org(f.org.ID), 401, "SNYK-OPENAPI-0007"},
		"scheme in capitals":         {"TOKEN " + f.tok.Value, org(f.org.ID), 200, ""},
		"org admin":                  {token(OrgAdmin(f.org.ID)), org(f.org.ID), 200, ""},
		"org admin elsewhere":        {token(OrgAdmin(f.org.ID)), org(other.ID), 403, "SNYK-OPENAPI-0002"},
		"org admin at the group":     {token(OrgAdmin(f.org.ID)), group(gid), 403, "SNYK-OPENAPI-0002"},
		"org collaborator":           {token(OrgCollaborator(f.org.ID)), org(f.org.ID), 200, ""},
		"group admin at the group":   {token(GroupAdmin(gid)), group(gid), 200, ""},
		"group admin at an org":      {token(GroupAdmin(gid)), org(other.ID), 200, ""},
		"group viewer at the group":  {token(GroupViewer(gid)), group(gid), 403, "SNYK-OPENAPI-0002"},
		"group viewer at an org":     {token(GroupViewer(gid)), org(f.org.ID), 403, "SNYK-OPENAPI-0002"},
		"custom role, one right":     {token(Allow(f.org.ID, OrgAuditRead)), org(f.org.ID), 200, ""},
		"unknown organization":       {token(OrgAdmin(f.org.ID)), org(nowhere), 404, "SNYK-OPENAPI-0004"},
		"unknown group":              {token(GroupAdmin(gid)), group(nowhere), 404, "SNYK-OPENAPI-0004"},
		"an organization as a group": {token(GroupAdmin(gid)), group(f.org.ID), 404, "SNYK-OPENAPI-0004"},
		"no uuid":                    {token(OrgAdmin(f.org.ID)), org("goof"), 400, "SNYK-OPENAPI-0001"},
		"no such path":               {token(OrgAdmin(f.org.ID)), "/rest/nothing?version=2024-10-15", 404, "SNYK-OPENAPI-0004"},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			g := f.getAs(c.auth, c.path)
			if g.status != c.status {
				t.Fatalf("status %d, want %d: %s", g.status, c.status, g.body)
			}
			if c.code != "" && g.document(t).Errors[0].Code != c.code {
				t.Errorf("body %s", g.body)
			}
		})
	}
}

func TestPlanAndHiding(t *testing.T) {
	f := newFixture(t, Config{HideForbidden: true})
	viewer := f.AddToken(Token{Grants: []Grant{GroupViewer(f.org.GroupID)}})
	if g := f.getAs("token "+viewer.Value, f.searchPath()); g.status != http.StatusNotFound {
		t.Errorf("hidden: status %d", g.status)
	}
	f.org.FreePlan = true
	f.PutOrg(f.org)
	if g := f.search(); g.status != http.StatusForbidden {
		t.Errorf("free plan: status %d", g.status)
	}
	f.RemoveOrg(f.org.ID)
	if g := f.search(); g.status != http.StatusNotFound {
		t.Errorf("removed: status %d", g.status)
	}
}

func TestTokenKindsAndLives(t *testing.T) {
	f := newFixture(t, Config{Host: "api.eu.snyk.io"})
	grants := []Grant{OrgAdmin(f.org.ID)}
	pat := f.AddToken(Token{Kind: PersonalAccessToken, Grants: grants})
	parts := strings.Split(pat.Value, ".")
	if len(parts) != 4 || parts[0] != "snyk_uat" || len(parts[1]) != 8 {
		t.Fatalf("personal access token of %d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[2])
	var claims struct {
		Host   string `json:"h"`
		E, Exp int64
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Host != "api.eu.snyk.io" {
		t.Errorf("payload %s: %v", payload, err)
	}
	if want := pat.Expires.Unix(); claims.E != want || claims.Exp != want {
		t.Errorf("payload %s ends at %d and %d, want %d", payload, claims.E, claims.Exp, want)
	}
	endless := strings.Split(f.AddToken(Token{Kind: ServiceAccountToken, Grants: grants}).Value, ".")
	if payload, err = base64.RawURLEncoding.DecodeString(endless[2]); err != nil || strings.Contains(string(payload), `"exp"`) {
		t.Errorf("payload of a token without an end %s: %v", payload, err)
	}
	sat := f.AddToken(Token{Kind: ServiceAccountToken, Grants: grants, Expires: epoch.Add(time.Hour)})
	if !strings.HasPrefix(sat.Value, "snyk_sat.") || !uuidForm.MatchString(f.tok.Value) {
		t.Error("forms of service account or legacy token")
	}
	status := func(tok Token) int { return f.getAs("token "+tok.Value, f.searchPath()).status }
	if status(pat) != 200 || status(sat) != 200 {
		t.Error("a new token is refused")
	}
	f.clock.advance(time.Hour)
	if status(pat) != 200 || status(sat) != 401 {
		t.Error("after an hour")
	}
	f.clock.advance(90 * 24 * time.Hour)
	if status(pat) != 401 || status(f.tok) != 200 {
		t.Error("after 90 days")
	}
	f.Revoke(f.tok.Value)
	if status(f.tok) != 401 {
		t.Error("a revoked token works")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, pat); strings.Contains(s, parts[3]) {
			t.Errorf("%s shows the secret", verb)
		}
	}
}

func (f *fixture) post(path, contentType, body string) got {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, "http://snyk.test"+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	res, err := f.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return got{res.StatusCode, res.Header, string(b), err}
}

func TestOAuth(t *testing.T) {
	f := newFixture(t, Config{})
	client := f.AddToken(Token{Kind: OAuthClient, Grants: []Grant{OrgAdmin(f.org.ID)}})
	const form = "application/x-www-form-urlencoded"
	ask := func(id, secret, grant string) got {
		return f.post("/oauth2/token", form, url.Values{"grant_type": {grant}, "client_id": {id}, "client_secret": {secret}}.Encode())
	}
	for name, c := range map[string]struct {
		g      got
		status int
		code   string
	}{
		"wrong secret":   {ask(client.ClientID, "no", "client_credentials"), 401, "invalid_client"},
		"unknown client": {ask("no", client.ClientSecret, "client_credentials"), 401, "invalid_client"},
		"other grant":    {ask(client.ClientID, client.ClientSecret, "refresh_token"), 400, "unsupported_grant_type"},
		"json body":      {f.post("/oauth2/token", "application/json", `{}`), 400, "invalid_request"},
	} {
		var e struct{ Error, ErrorDescription string }
		if err := json.Unmarshal([]byte(c.g.body), &e); err != nil || c.g.status != c.status || e.Error != c.code {
			t.Errorf("%s: %d %s", name, c.g.status, c.g.body)
		}
	}
	access := func() string {
		var a struct {
			AccessToken string `json:"access_token"`
			ExpiresIn   int    `json:"expires_in"`
			TokenType   string `json:"token_type"`
		}
		g := ask(client.ClientID, client.ClientSecret, "client_credentials")
		if err := json.Unmarshal([]byte(g.body), &a); err != nil || a.ExpiresIn != 3600 || a.TokenType != "bearer" {
			t.Fatalf("answer %s", g.body)
		}
		return a.AccessToken
	}
	status := func(a string) int { return f.getAs("bearer "+a, f.searchPath()).status }
	a := access()
	if status(a) != 200 || f.getAs("token "+a, f.searchPath()).status != 401 {
		t.Error("access token refused, or taken with the wrong scheme")
	}
	f.clock.advance(time.Hour)
	if status(a) != 401 {
		t.Error("an expired access token works")
	}
	b := access()
	f.ExpireAccessTokens()
	if status(b) != 401 {
		t.Error("ExpireAccessTokens left one")
	}
	c := access()
	f.Revoke(client.ClientID)
	if status(c) != 401 || f.AccessTokensIssued() != 3 {
		t.Errorf("after revoking; issued %d", f.AccessTokensIssued())
	}
}

func TestV1IsGone(t *testing.T) {
	f := newFixture(t, Config{})
	for _, path := range []string{"/v1/org/x/audit", "/v1/group/x/audit"} {
		if g := f.post(path, "application/json", "{}"); g.status != http.StatusGone {
			t.Errorf("%s: status %d", path, g.status)
		}
	}
	if g := f.post(f.searchPath(), "application/json", "{}"); g.status != http.StatusMethodNotAllowed {
		t.Errorf("POST to a search: status %d", g.status)
	}
}
