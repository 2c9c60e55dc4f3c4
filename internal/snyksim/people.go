package snyksim

import (
	"slices"
	"strings"
)

// AddUser adds a person and makes it a member of the groups and organizations
// named. Empty fields are filled in from the name.
func (s *Sim) AddUser(u User, memberOf ...string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(u, memberOf...)
}

func (s *Sim) addUser(u User, memberOf ...string) User {
	if u.ID == "" {
		u.ID = newUUID(s.ids)
	}
	if u.Name == "" {
		u.Name = "User " + u.ID[:4]
	}
	if u.Username == "" {
		u.Username = strings.ReplaceAll(slug(u.Name), "-", ".")
	}
	if u.Email == "" {
		u.Email = u.Username + "@example.com"
	}
	if u.Role == "" {
		u.Role = "Org Collaborator"
	}
	s.world.users[u.ID] = u
	for _, scope := range memberOf {
		s.mustScope(scope)
		s.world.members = append(s.world.members, membership{
			id: newUUID(s.ids), scopeID: scope, userID: u.ID, role: u.Role,
		})
	}
	return u
}

// RemoveUser deletes a person: its id no longer resolves, its records stay.
func (s *Sim) RemoveUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.world.users, id)
	s.world.members = slices.DeleteFunc(s.world.members, func(m membership) bool { return m.userID == id })
}

// AddServiceAccount adds a machine identity.
func (s *Sim) AddServiceAccount(a ServiceAccount) ServiceAccount {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addServiceAccount(a)
}

func (s *Sim) addServiceAccount(a ServiceAccount) ServiceAccount {
	s.mustScope(a.ScopeID)
	if a.ID == "" {
		a.ID = newUUID(s.ids)
	}
	if a.Name == "" {
		a.Name = "sa-" + a.ID[:4]
	}
	if a.AuthType == "" {
		a.AuthType = "api_key"
	}
	if a.RoleID == "" {
		a.RoleID = newUUID(s.ids)
	}
	s.world.accounts = put(s.world.accounts, a, func(b ServiceAccount) bool { return b.ID == a.ID })
	return a
}

// RemoveServiceAccount deletes a machine identity.
func (s *Sim) RemoveServiceAccount(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.accounts = slices.DeleteFunc(s.world.accounts, func(a ServiceAccount) bool { return a.ID == id })
}

// AddProject adds a project to an organization.
func (s *Sim) AddProject(p Project) Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addProject(p)
}

func (s *Sim) addProject(p Project) Project {
	s.mustScope(p.OrgID)
	if p.ID == "" {
		p.ID = newUUID(s.ids)
	}
	if p.Type == "" {
		p.Type = "npm"
	}
	if p.Origin == "" {
		p.Origin = "github"
	}
	if p.TargetFile == "" {
		p.TargetFile = "package.json"
	}
	if p.Name == "" {
		p.Name = "goof/" + p.ID[:4] + ":" + p.TargetFile
	}
	s.world.projects = put(s.world.projects, p, func(q Project) bool { return q.ID == p.ID })
	return p
}

// RemoveProject deletes a project.
func (s *Sim) RemoveProject(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.projects = slices.DeleteFunc(s.world.projects, func(p Project) bool { return p.ID == id })
}
