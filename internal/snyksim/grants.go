package snyksim

import "slices"

// Permission is what a credential may do in a group or organization.
type Permission string

// The permissions that the simulator asks for. Those of an organization may be
// granted on its group and then hold for every organization of it.
const (
	OrgRead               Permission = "org.read"
	OrgAuditRead          Permission = "org.audit_log.read"
	OrgMembersRead        Permission = "org.membership.read"
	OrgAccountsRead       Permission = "org.service_account.read"
	OrgProjectsRead       Permission = "org.project.read"
	GroupRead             Permission = "group.read"
	GroupAuditRead        Permission = "group.audit.read"
	GroupMembersRead      Permission = "group.membership.read"
	GroupAccountsRead     Permission = "group.service_account.read"
	GroupOrganizationList Permission = "group.org.list"
)

// Grant gives permissions in one group or organization.
type Grant struct {
	ScopeID     string
	Permissions []Permission
}

// Allow is a grant of exactly these permissions: a custom role.
func Allow(scopeID string, p ...Permission) Grant { return Grant{ScopeID: scopeID, Permissions: p} }

// OrgAdmin is what the role Org Admin may read.
func OrgAdmin(orgID string) Grant {
	return Allow(orgID, OrgRead, OrgAuditRead, OrgMembersRead, OrgAccountsRead, OrgProjectsRead)
}

// OrgCollaborator is what the role Org Collaborator may read: the audit log, but
// no service accounts.
func OrgCollaborator(orgID string) Grant {
	return Allow(orgID, OrgRead, OrgAuditRead, OrgMembersRead, OrgProjectsRead)
}

// GroupAdmin is what the role Group Admin may read: the group and all its organizations.
func GroupAdmin(groupID string) Grant {
	return Allow(groupID, GroupRead, GroupAuditRead, GroupMembersRead, GroupAccountsRead, GroupOrganizationList,
		OrgRead, OrgAuditRead, OrgMembersRead, OrgAccountsRead, OrgProjectsRead)
}

// GroupViewer is what the role Group Viewer may read: no audit log at all.
func GroupViewer(groupID string) Grant {
	return Allow(groupID, GroupRead, GroupOrganizationList, OrgRead, OrgProjectsRead)
}

// SetGrants changes what a credential, given by its value or client id, may read.
func (s *Sim) SetGrants(valueOrClientID string, grants ...Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens.byValue[valueOrClientID]; ok {
		t.Grants = slices.Clone(grants)
	}
	if t, ok := s.tokens.byClient[valueOrClientID]; ok {
		t.Grants = slices.Clone(grants)
	}
}

// may says whether the credential has p in the group or organization scopeID.
func (s *Sim) may(t *Token, scopeID string, p Permission) bool {
	groupID := ""
	if o, ok := s.world.org(scopeID); ok {
		groupID = o.GroupID
	}
	return slices.ContainsFunc(t.Grants, func(g Grant) bool {
		covers := g.ScopeID == scopeID || (groupID != "" && g.ScopeID == groupID)
		return covers && slices.Contains(g.Permissions, p)
	})
}
