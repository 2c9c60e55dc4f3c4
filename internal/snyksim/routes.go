package snyksim

import (
	"net/http"
	"strings"
)

// Kind is the kind of endpoint that a request went to.
type Kind string

// The endpoints that the simulator knows.
const (
	KindOrgAudit        Kind = "org_audit"
	KindGroupAudit      Kind = "group_audit"
	KindSelf            Kind = "self"
	KindOrgs            Kind = "orgs"
	KindOrg             Kind = "org"
	KindGroup           Kind = "group"
	KindGroupOrgs       Kind = "group_orgs"
	KindMemberships     Kind = "memberships"
	KindServiceAccounts Kind = "service_accounts"
	KindProjects        Kind = "projects"
	KindOAuth           Kind = "oauth"
	KindV1Audit         Kind = "v1_audit" // ended, answers 410
	KindForeign         Kind = "foreign"  // another host, seen by Transport
	KindOther           Kind = "other"
)

// isAudit says that the endpoint is an audit search.
func (k Kind) isAudit() bool { return k == KindOrgAudit || k == KindGroupAudit }

// classify finds the endpoint and the group or organization in a path.
func classify(path string) (Kind, string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/oauth2/token":
		return KindOAuth, ""
	case len(parts) == 4 && parts[0] == "v1" && parts[3] == "audit" && (parts[1] == "org" || parts[1] == "group"):
		return KindV1Audit, parts[2]
	case len(parts) < 2 || parts[0] != "rest":
		return KindOther, ""
	}
	rest := parts[1:]
	switch {
	case len(rest) == 1 && rest[0] == "self":
		return KindSelf, ""
	case len(rest) == 1 && rest[0] == "orgs":
		return KindOrgs, ""
	case len(rest) < 2:
		return KindOther, ""
	}
	id, tail := strings.ToLower(rest[1]), strings.Join(rest[2:], "/")
	kinds := map[string]Kind{
		"orgs/": KindOrg, "orgs/audit_logs/search": KindOrgAudit, "orgs/memberships": KindMemberships,
		"orgs/service_accounts": KindServiceAccounts, "orgs/projects": KindProjects,
		"groups/": KindGroup, "groups/audit_logs/search": KindGroupAudit, "groups/orgs": KindGroupOrgs,
		"groups/memberships": KindMemberships, "groups/service_accounts": KindServiceAccounts,
	}
	if kind, ok := kinds[rest[0]+"/"+tail]; ok {
		return kind, id
	}
	return KindOther, id
}

// serve answers at the endpoint; nil means that x.page is the answer.
func (s *Sim) serve(x *exchange) *reply {
	want := http.MethodGet
	if x.kind == KindOAuth || x.kind == KindV1Audit {
		want = http.MethodPost
	}
	if x.kind != KindOther && x.request.Method != want {
		return statusError(http.StatusMethodNotAllowed).reply(x)
	}
	switch x.kind {
	case KindOrgAudit, KindGroupAudit:
		return s.serveAudit(x)
	case KindSelf:
		return s.serveSelf(x)
	case KindOrg, KindGroup:
		return s.serveOne(x)
	case KindOrgs, KindGroupOrgs, KindMemberships, KindServiceAccounts, KindProjects:
		return s.serveList(x)
	case KindOAuth:
		return s.serveOAuth(x)
	case KindV1Audit:
		return (&apiError{status: http.StatusGone, detail: "This endpoint is no longer available"}).as(x, BodyCodeMessage)
	default:
		return notFound("Resource").reply(x)
	}
}

// authorize finds the credential of a request and what is wrong with the request
// before its own parameters are looked at. Permission may be empty.
func (s *Sim) authorize(x *exchange, p Permission) (*Token, *apiError) {
	token := s.authenticate(x)
	if token == nil {
		return nil, unauthorized()
	}
	if v := x.query.Get("version"); v == "" {
		return nil, badParameter("version", "Request did not contain a version")
	} else if !versionForm.MatchString(v) {
		return nil, badParameter("version", "Invalid version "+v)
	}
	if x.scopeID == "" {
		return token, nil
	}
	if !uuidForm.MatchString(x.scopeID) {
		return nil, badParameter("id", "id must match format \"uuid\"")
	}
	ofGroup := strings.HasPrefix(x.request.URL.Path, "/rest/groups/")
	what, found := "Org", false
	if ofGroup {
		what = "Group"
		_, found = s.world.group(x.scopeID)
	} else {
		_, found = s.world.org(x.scopeID)
	}
	if !found || (s.cfg.HideForbidden && !s.may(token, x.scopeID, p)) {
		return nil, notFound(what)
	}
	if !s.may(token, x.scopeID, p) {
		return nil, forbidden(p)
	}
	return token, nil
}

// authenticate finds the credential; nil where it is unknown, revoked or expired.
func (s *Sim) authenticate(x *exchange) *Token {
	var t *Token
	switch x.scheme {
	case "token":
		t = s.tokens.byValue[x.secret]
	case "bearer":
		access, ok := s.tokens.access[x.secret]
		if ok && access.expires.After(x.now) {
			t = s.tokens.byClient[access.clientID]
		}
	}
	if t == nil || (!t.Expires.IsZero() && !t.Expires.After(x.now)) {
		return nil
	}
	return t
}
