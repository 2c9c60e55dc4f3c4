package snyksim

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultLimit = 10
	maxLimit     = 100
)

func (s *Sim) listOrgs(x *exchange, t *Token) []element {
	groupID := strings.ToLower(x.query.Get("group_id"))
	if x.kind == KindGroupOrgs {
		groupID = x.scopeID
	}
	var out []element
	for _, o := range s.world.orgs {
		if groupID != "" && o.GroupID != groupID {
			continue
		}
		if name := x.query.Get("slug"); name != "" && name != o.Slug {
			continue
		}
		if x.kind == KindGroupOrgs || s.may(t, o.ID, OrgRead) {
			out = append(out, element{o.ID, orgJSON(o)})
		}
	}
	return out
}

func (s *Sim) listMembers(scopeID string, ofGroup bool) []element {
	level := "org"
	if ofGroup {
		level = "group"
	}
	var out []element
	for _, m := range s.world.members {
		if m.scopeID != scopeID {
			continue
		}
		u := s.world.users[m.userID]
		ref := func(id, kind string, attributes ...any) raw {
			members := []any{"id", id, "type", kind}
			if len(attributes) > 0 {
				members = append(members, "attributes", raw(object(attributes...)))
			}
			return raw(object("data", raw(object(members...))))
		}
		out = append(out, element{m.id, object("id", m.id, "type", level+"_membership", "relationships", raw(object(
			level, ref(scopeID, level),
			"user", ref(u.ID, "user", "name", u.Name, "email", u.Email, "username", u.Username),
			"role", ref(roleID(m.role), level+"_role", "name", m.role),
		)))})
	}
	return out
}

func (s *Sim) listAccounts(scopeID string, ofGroup bool) []element {
	level := "Org"
	if ofGroup {
		level = "Group"
	}
	var out []element
	for _, a := range s.world.accounts {
		if a.ScopeID == scopeID {
			out = append(out, element{a.ID, object("id", a.ID, "type", "service_account", "attributes",
				raw(object("name", a.Name, "auth_type", a.AuthType, "level", level, "role_id", a.RoleID)))})
		}
	}
	return out
}

func (s *Sim) listProjects(x *exchange) []element {
	wanted := list(x.query["ids"])
	var out []element
	for _, p := range s.world.projects {
		if p.OrgID != x.scopeID || (len(wanted) > 0 && !slices.Contains(wanted, p.ID)) {
			continue
		}
		out = append(out, element{p.ID, object("id", p.ID, "type", "project", "attributes",
			raw(object("name", p.Name, "type", p.Type, "origin", p.Origin, "target_file", p.TargetFile, "status", "active")))})
	}
	return out
}

// paginate cuts a list by limit and starting_after.
func paginate(x *exchange, all []element) (*page, *apiError) {
	limit := defaultLimit
	if x.query.Has("limit") {
		n, err := strconv.Atoi(x.query.Get("limit"))
		if err != nil || n < defaultLimit || n > maxLimit || n%10 != 0 {
			return nil, badParameter("limit", "limit must be a multiple of 10 from 10 to 100")
		}
		limit = n
	}
	p := &page{param: "starting_after", used: x.query.Get("starting_after"), path: x.request.URL.Path}
	p.first, p.again = afterText(""), or(p.used, afterText(""))
	start := 0
	if p.used != "" {
		id, ok := parseAfter(p.used)
		i := slices.IndexFunc(all, func(e element) bool { return e.id == id })
		if !ok || (id != "" && i < 0) {
			return nil, badParameter("starting_after", "starting_after is invalid")
		}
		start = i + 1
	}
	end := min(start+limit, len(all))
	last := ""
	for _, e := range all[start:end] {
		p.items = append(p.items, e.json)
		last = e.id
	}
	p.after, p.more = afterText(last), end < len(all)
	p.args = make(url.Values, len(x.query))
	maps.Copy(p.args, x.query)
	p.args.Set("limit", itoa(limit))
	return p, nil
}

// afterText is the cursor behind the element with this id; none: the start.
func afterText(id string) string {
	return "v1." + base64.RawURLEncoding.EncodeToString([]byte("after:"+id))
}

func parseAfter(text string) (string, bool) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "v1."))
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(b), "after:")
}
