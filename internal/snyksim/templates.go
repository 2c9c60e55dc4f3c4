package snyksim

// actor is who does a thing.
type actor int

const (
	person  actor = iota
	account       // a service account
	nobody        // Snyk itself: no user_id
)

// template is a kind of record, and how often it comes.
type template struct {
	weight       int
	event        string // empty: any name
	actor        actor
	project      bool
	wholeSeconds bool
	content      func(*generator) string // nil: no content
}

// orgTemplates weigh an organization's records: mostly projects and tests, some
// people, few of what an auditor looks for.
var orgTemplates = []template{
	{weight: 18, event: "org.project.test", actor: nobody, project: true, wholeSeconds: true, content: emptyContent},
	{weight: 14, event: "org.project.monitor", actor: account, project: true, content: monitorContent},
	{weight: 10, event: "org.project.add", actor: person, project: true, content: projectContent},
	{weight: 6, event: "org.project.remove", actor: person, project: true, content: projectContent},
	{weight: 5, event: "org.project.issue.access", actor: person, project: true, content: emptyKeyContent},
	{weight: 4, event: "org.project.files.access", actor: account, project: true, content: emptyKeyContent},
	{weight: 5, event: "org.project.ignore.create", actor: person, project: true, content: ignoreContent},
	{weight: 4, event: "org.project.edit", actor: person, project: true, content: settingsContent},
	{weight: 3, event: "org.project.tag.add", actor: person, project: true, content: tagContent},
	{weight: 3, event: "org.target.create", actor: person, content: targetContent},
	{weight: 4, event: "org.integration.settings.edit", actor: person, content: settingsContent},
	{weight: 3, event: "org.user.invite", actor: person, content: inviteContent},
	{weight: 2, event: "org.user.invite.accept", actor: person, content: inviteContent},
	{weight: 2, event: "org.user.invite_link.create", actor: person, content: inviteContent},
	{weight: 3, event: "org.user.add", actor: person, content: memberContent},
	{weight: 2, event: "org.user.remove", actor: person, content: memberContent},
	{weight: 4, event: "org.user.role.edit", actor: person, content: roleChangeContent},
	{weight: 1, event: "org.user.role.permissions.edit", actor: person, content: permissionsContent},
	{weight: 2, event: "org.policy.edit", actor: person, content: licenceContent},
	{weight: 1, event: "org.policy.create", actor: person, content: licenceContent},
	{weight: 2, event: "org.service_account.create", actor: person, content: accountContent},
	{weight: 1, event: "org.service_account.delete", actor: person, content: accountContent},
	{weight: 1, event: "org.webhook.add", actor: person, content: webhookContent},
	{weight: 4, event: apiAccess, actor: account, content: apiAccessContent},
	{weight: 6, actor: person, content: emptyContent},
	{weight: 2, actor: nobody, wholeSeconds: true},
}

// groupTemplates weigh a group's own records.
var groupTemplates = []template{
	{weight: 6, event: "group.user.add", actor: person, content: memberContent},
	{weight: 4, event: "group.user.remove", actor: person, content: memberContent},
	{weight: 6, event: "group.user.role.edit", actor: person, content: roleChangeContent},
	{weight: 3, event: "group.role.edit", actor: person, content: permissionsContent},
	{weight: 4, event: "group.policy.edit", actor: person, content: licenceContent},
	{weight: 2, event: "group.policy.create", actor: person, content: licenceContent},
	{weight: 3, event: "group.service_account.create", actor: person, content: accountContent},
	{weight: 2, event: "group.service_account.delete", actor: person, content: accountContent},
	{weight: 8, event: "group.sso.membership.sync", actor: nobody, wholeSeconds: true, content: emptyContent},
	{weight: 2, event: "group.sso.edit", actor: person, content: settingsContent},
	{weight: 3, event: "group.settings.edit", actor: person, content: settingsContent},
	{weight: 2, event: "group.tag.create", actor: person, content: tagContent},
	{weight: 2, event: apiAccess, actor: account, content: apiAccessContent},
	{weight: 4, actor: person, content: emptyContent},
	{weight: 2, actor: nobody},
}

// loginTemplate is what old exports hold and the endpoints are said not to return.
var loginTemplate = template{weight: 8, event: "user.logged_in", actor: person, content: func(g *generator) string {
	return object("ip", g.address(), "userAgent", "Mozilla/5.0")
}}
