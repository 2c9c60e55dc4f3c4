package snyksim

import (
	"net/http"
	"strings"
)

// element is one item of a list, with the id that paging goes by.
type element struct{ id, json string }

// serveSelf tells who a credential belongs to.
func (s *Sim) serveSelf(x *exchange) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.authorize(x, "")
	if err != nil {
		return err.reply(x)
	}
	home := ""
	if len(t.Grants) > 0 {
		home = t.Grants[0].ScopeID
	}
	kind, attributes := "user", ""
	u, isUser := s.world.users[t.PrincipalID]
	a, isAccount := s.world.account(t.PrincipalID)
	switch {
	case isUser:
		attributes = object("name", u.Name, "username", u.Username, "email", u.Email, "default_org_context", home)
	case isAccount:
		kind = "service_account"
		attributes = object("name", a.Name, "default_org_context", home)
	case t.App:
		kind = "app_instance"
		attributes = object("name", "Simulated app", "default_org_context", home)
	default: // deleted, with its credential
		return unauthorized().reply(x)
	}
	return one(object("id", t.PrincipalID, "type", kind, "attributes", raw(attributes)))
}

// serveOne tells about one group or organization.
func (s *Sim) serveOne(x *exchange) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	permission := OrgRead
	if x.kind == KindGroup {
		permission = GroupRead
	}
	if _, err := s.authorize(x, permission); err != nil {
		return err.reply(x)
	}
	if g, ok := s.world.group(x.scopeID); ok {
		return one(object("id", g.ID, "type", "group", "attributes", raw(object("name", g.Name))))
	}
	o, _ := s.world.org(x.scopeID)
	return one(orgJSON(o))
}

func one(data string) *reply {
	return newReply(http.StatusOK, typeJSONAPI, `{"jsonapi":{"version":"1.0"},"data":`+data+`}`)
}

func orgJSON(o Org) string {
	attributes := []any{"name", o.Name, "slug", o.Slug, "is_personal", o.GroupID == ""}
	if o.GroupID != "" {
		attributes = append(attributes, "group_id", o.GroupID)
	}
	return object("id", o.ID, "type", "org", "attributes", raw(object(attributes...)))
}

// serveList answers the lists of organizations, members, accounts and projects.
func (s *Sim) serveList(x *exchange) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	ofGroup := strings.HasPrefix(x.request.URL.Path, "/rest/groups/")
	t, err := s.authorize(x, listPermission(x.kind, ofGroup))
	if err != nil {
		return err.reply(x)
	}
	var list []element
	switch x.kind {
	case KindOrgs, KindGroupOrgs:
		list = s.listOrgs(x, t)
	case KindMemberships:
		list = s.listMembers(x.scopeID, ofGroup)
	case KindServiceAccounts:
		list = s.listAccounts(x.scopeID, ofGroup)
	default:
		list = s.listProjects(x)
	}
	if x.page, err = paginate(x, list); err != nil {
		return err.reply(x)
	}
	return nil
}

// listPermission is what a list asks for; the list of all organizations asks
// for nothing and shows what may be read.
func listPermission(k Kind, ofGroup bool) Permission {
	switch {
	case k == KindGroupOrgs:
		return GroupOrganizationList
	case k == KindMemberships && ofGroup:
		return GroupMembersRead
	case k == KindMemberships:
		return OrgMembersRead
	case k == KindServiceAccounts && ofGroup:
		return GroupAccountsRead
	case k == KindServiceAccounts:
		return OrgAccountsRead
	case k == KindProjects:
		return OrgProjectsRead
	default:
		return ""
	}
}
