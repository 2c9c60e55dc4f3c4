package snyksim

import "fmt"

func (g *generator) address() string {
	return fmt.Sprintf("198.51.100.%d", g.rng.IntN(256))
}

func (g *generator) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.rng.IntN(len(digits))]
	}
	return string(b)
}

func emptyContent(*generator) string { return "{}" }

func monitorContent(g *generator) string {
	// Larger than a float64 can hold: a reader that goes through one loses digits.
	return object("snapshotId", raw(fmt.Sprint(9007199254740993+g.rng.Int64N(1<<40)*2)), "source", "cli",
		"dependencyCount", g.rng.IntN(2000))
}

func projectContent(g *generator) string {
	origin := oneOf(g.rng, []string{"github", "gitlab", "cli", "docker-hub"})
	return object("origin", origin, "name", g.projectName(), "type", "npm",
		"target", raw(object("owner", "acme", "branch", "main", "id", g.hex(8))))
}

func (g *generator) projectName() string {
	if len(g.projects) == 0 {
		return "acme/none"
	}
	return oneOf(g.rng, g.projects).Name
}

// emptyKeyContent has a member whose name is the empty string, as seen live.
func emptyKeyContent(g *generator) string {
	return object("", g.hex(12), "path", "src/<main> & test/"+g.hex(4)+".js")
}

func ignoreContent(g *generator) string {
	return object("issueId", "SNYK-JS-LODASH-"+fmt.Sprint(100000+g.rng.IntN(900000)), "reasonType", "wont-fix",
		"ignorePath", "*", "reason", "Übergangsweise – see “risk register” \u2028 §4", "expires", raw("null"))
}

func settingsContent(g *generator) string {
	before, after := g.rng.IntN(2) == 0, g.rng.IntN(9)
	return object("before", raw(object("autoDepUpgradeEnabled", before, "autoDepUpgradeLimit", 5)),
		"after", raw(object("autoDepUpgradeEnabled", !before, "autoDepUpgradeLimit", after,
			"ignored", raw(`["a",["b",{"c":[]}]]`))))
}

func tagContent(g *generator) string {
	return object("key", "team", "value", oneOf(g.rng, []string{"red", "blue", "platform"}))
}

func targetContent(g *generator) string {
	return object("targetId", g.hex(24), "remoteUrl", "https://github.com/acme/"+g.hex(5), "isPrivate", true)
}

// inviteContent holds a live link: whoever reads it can join.
func inviteContent(g *generator) string {
	email := oneOf(g.rng, []string{"new.hire", "contractor", "auditor"}) + g.hex(3) + "@example.org"
	return object("email", email, "isAdmin", g.rng.IntN(8) == 0, "role", roleID(oneOf(g.rng, roleNames)),
		"inviteLink", "https://app.snyk.io/invite/link/accept?invite="+g.hex(8)+"-"+g.hex(12)+"&utm_source=link_invite")
}

func memberContent(g *generator) string {
	u := oneOf(g.rng, g.people)
	role := oneOf(g.rng, roleNames)
	return oneOf(g.rng, []string{
		object("email", u.Email, "name", u.Name, "role", role, "userPublicId", u.ID),
		object("role", "ADMIN", "rolePublicId", roleID(role), "userPublicId", u.ID),
		object("userPublicId", u.ID, "role", raw(object("role", role, "rolePublicId", roleID(role)))),
	})
}

// roleChangeContent has every shape of a role change seen in content.
func roleChangeContent(g *generator) string {
	a, b, user := oneOf(g.rng, roleNames), oneOf(g.rng, roleNames), oneOf(g.rng, g.people).ID
	return oneOf(g.rng, []string{
		object("before", a, "after", b),
		object("beforeRoleName", a, "afterRoleName", b, "beforeRolePublicId", roleID(a),
			"afterRolePublicId", roleID(b), "userPublicId", user),
		object("before", raw(object("role", a, "rolePublicId", roleID(a))),
			"after", raw(object("role", b, "rolePublicId", roleID(b))), "userPublicId", user),
		object("role", "ADMIN", "rolePublicId", roleID("Org Admin"), "userPublicId", user),
		object("role", raw(object("role", b, "rolePublicId", roleID(b)))),
	})
}

func permissionsContent(g *generator) string {
	role := oneOf(g.rng, roleNames)
	return object("roleName", role, "rolePublicId", roleID(role),
		"before", raw(`["org.read"]`), "after", raw(`["org.read","org.audit_log.read"]`))
}

// licenceContent is a licence policy, which has no event name of its own.
func licenceContent(g *generator) string {
	licence := oneOf(g.rng, []string{"GPL-3.0", "AGPL-3.0", "MIT", "LGPL-2.1"})
	return object("policyId", g.hex(24), "name", "Licence policy", "type", "license",
		"before", raw(`{"licenses":{}}`),
		"after", raw(`{"licenses":`+object(licence, raw(`{"severity":"high","instructions":""}`))+`}`))
}

func accountContent(g *generator) string {
	role := oneOf(g.rng, roleNames)
	return object("name", "sa-"+g.hex(6), "serviceAccountPublicId", g.hex(32), "role", role,
		"authType", oneOf(g.rng, []string{"api_key", "oauth_client_secret"}))
}

func webhookContent(g *generator) string {
	return object("url", "https://hooks.example.com/"+g.hex(10), "webhookPublicId", g.hex(32))
}

func apiAccessContent(g *generator) string {
	kind := "orgs"
	if g.isGroup {
		kind = "groups"
	}
	return object("url", "/rest/"+kind+"/"+g.scopeID+"/audit_logs/search?version="+auditVersion+"&size=100")
}
