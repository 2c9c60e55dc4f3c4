package snyksim

// Demo is a small world to show things with.
type Demo struct {
	Group Group
	// Orgs are three organizations of the group.
	Orgs []Org
	// Token belongs to a service account with the rights of a Group Admin.
	Token Token
	// OAuth is an OAuth2 client with the same rights.
	OAuth Token
}

// AddDemo adds a group, three organizations with so many past records each, half
// as many for the group, and credentials that may read all of it.
func (s *Sim) AddDemo(records int) Demo {
	d := Demo{Group: s.AddGroup("Acme")}
	for _, name := range []string{"Acme Web", "Acme Payments", "Acme Platform"} {
		d.Orgs = append(d.Orgs, s.PutOrg(Org{Name: name, GroupID: d.Group.ID}))
	}
	account := func(name string) string {
		return s.AddServiceAccount(ServiceAccount{Name: name, ScopeID: d.Group.ID}).ID
	}
	grants := []Grant{GroupAdmin(d.Group.ID)}
	d.Token = s.AddToken(Token{Kind: ServiceAccountToken, Grants: grants, PrincipalID: account("snykstream")})
	d.OAuth = s.AddToken(Token{Kind: OAuthClient, Grants: grants, PrincipalID: account("snykstream-oauth")})
	if records > 0 {
		for _, o := range d.Orgs {
			s.Generate(o.ID, History{Records: records})
		}
		s.Generate(d.Group.ID, History{Records: max(records/2, 1)})
	}
	return d
}
