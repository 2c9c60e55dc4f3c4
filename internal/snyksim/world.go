package snyksim

import (
	"fmt"
	"slices"
	"strings"
)

// Group is a Snyk group.
type Group struct {
	ID, Name string
	// FreePlan makes the group's audit log answer 403: it is an Enterprise feature.
	FreePlan bool
}

// Org is a Snyk organization. GroupID may be empty.
type Org struct {
	ID, Name, Slug, GroupID string
	// FreePlan makes the organization's audit log answer 403.
	FreePlan bool
}

// User is a person.
type User struct {
	ID, Name, Username, Email string
	// Role is the name of the role that the person has where it is a member.
	Role string
}

// ServiceAccount is a machine identity of the group or organization ScopeID.
type ServiceAccount struct {
	ID, Name, ScopeID string
	// AuthType is api_key (the default), oauth_client_secret or oauth_private_key_jwt.
	AuthType string
	RoleID   string
}

// Project is a project of an organization.
type Project struct {
	ID, OrgID, Name, Type, Origin, TargetFile string
}

// membership says that a user belongs to a group or organization.
type membership struct {
	id, scopeID, userID, role string
}

// world is what exists; slices keep the order in which things were added, which
// is the order of the lists.
type world struct {
	groups   []Group
	orgs     []Org
	users    map[string]User
	members  []membership
	accounts []ServiceAccount
	projects []Project
}

func newWorld() world { return world{users: make(map[string]User)} }

func (w *world) group(id string) (Group, bool) {
	i := slices.IndexFunc(w.groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return Group{}, false
	}
	return w.groups[i], true
}

func (w *world) org(id string) (Org, bool) {
	i := slices.IndexFunc(w.orgs, func(o Org) bool { return o.ID == id })
	if i < 0 {
		return Org{}, false
	}
	return w.orgs[i], true
}

func (w *world) account(id string) (ServiceAccount, bool) {
	i := slices.IndexFunc(w.accounts, func(a ServiceAccount) bool { return a.ID == id })
	if i < 0 {
		return ServiceAccount{}, false
	}
	return w.accounts[i], true
}

// AddGroup adds a group with a new id.
func (s *Sim) AddGroup(name string) Group { return s.PutGroup(Group{Name: name}) }

// PutGroup adds a group, or changes the one with the same id; an empty id is filled in.
func (s *Sim) PutGroup(g Group) Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putGroup(g)
}

func (s *Sim) putGroup(g Group) Group {
	if g.ID == "" {
		g.ID = newUUID(s.ids)
	}
	g.ID = strings.ToLower(g.ID) // ids in paths are compared that way
	s.world.groups = put(s.world.groups, g, func(o Group) bool { return o.ID == g.ID })
	s.openLog(g.ID)
	return g
}

// AddOrg adds an organization to the first group, which is made where there is none.
func (s *Sim) AddOrg(name string) Org {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.world.groups) == 0 {
		s.putGroup(Group{Name: "Simulated group"})
	}
	return s.putOrg(Org{Name: name, GroupID: s.world.groups[0].ID})
}

// PutOrg adds an organization, or changes the one with the same id; an empty id
// or slug is filled in, an empty GroupID means an organization without a group.
func (s *Sim) PutOrg(o Org) Org {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putOrg(o)
}

func (s *Sim) putOrg(o Org) Org {
	if o.ID == "" {
		o.ID = newUUID(s.ids)
	}
	o.ID, o.GroupID = strings.ToLower(o.ID), strings.ToLower(o.GroupID)
	if o.Slug == "" {
		o.Slug = slug(o.Name)
	}
	s.world.orgs = put(s.world.orgs, o, func(p Org) bool { return p.ID == o.ID })
	s.openLog(o.ID)
	return o
}

// RemoveOrg makes an organization unknown (404); its ledger stays.
func (s *Sim) RemoveOrg(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.orgs = slices.DeleteFunc(s.world.orgs, func(o Org) bool { return o.ID == id })
}

// put replaces the element that same picks, or appends v.
func put[T any](list []T, v T, same func(T) bool) []T {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = v
		return list
	}
	return append(list, v)
}

func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

// mustScope panics where id is neither a group nor an organization that was ever added.
func (s *Sim) mustScope(id string) *auditLog {
	l, ok := s.logs[id]
	if !ok {
		panic(fmt.Sprintf("snyksim: no group or organization %q", id))
	}
	return l
}
