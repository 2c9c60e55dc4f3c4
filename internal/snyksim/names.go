package snyksim

import (
	"slices"
	"strings"
)

// The names that Snyk documents, by the log they belong to.
const (
	orgEventNames = `api.access org.app_bot.create org.app.create org.app.delete org.app.edit
org.cloud_config.settings.edit org.collection.create org.collection.delete org.collection.edit org.create
org.delete org.edit org.ignore_policy.edit org.integration.create org.integration.delete org.integration.edit
org.integration.settings.edit org.language_settings.edit org.notification_settings.edit org.org_source.create
org.org_source.delete org.org_source.edit org.policy.create org.policy.edit org.policy.delete
org.project_filter.create org.project_filter.delete org.project.add org.project.attributes.edit
org.project.delete org.project.edit org.project.fix_pr.auto_open org.project.fix_pr.manual_open
org.project.ignore.create org.project.ignore.delete org.project.ignore.edit org.project.monitor
org.project.pr_check.edit org.project.remove org.project.settings.delete org.project.settings.edit
org.project.stop_monitor org.project.tag.add org.project.tag.remove org.project.test
org.request_access_settings.edit org.sast_settings.edit org.service_account.create org.service_account.delete
org.service_account.edit org.settings.feature_flag.edit org.target.create org.target.delete org.user.add
org.user.invite org.user.invite.accept org.user.invite.revoke org.user.invite_link.accept
org.user.invite_link.create org.user.invite_link.revoke org.user.leave org.user.provision.accept
org.user.provision.create org.user.provision.delete org.user.remove org.user.role.create org.user.role.delete
org.user.role.details.edit org.user.role.edit org.user.role.permissions.edit org.webhook.add
org.webhook.delete user.org.notification_settings.edit`
	groupEventNames = `api.access group.cloud_config.settings.edit group.create group.delete group.edit
group.notification_settings.edit group.org.add group.org.remove group.policy.create group.policy.delete
group.policy.edit group.request_access_settings.edit group.role.create group.role.delete group.role.edit
group.service_account.create group.service_account.delete group.service_account.edit group.settings.edit
group.settings.feature_flag.edit group.sso.add group.sso.auth0_connection.create
group.sso.auth0_connection.edit group.sso.create group.sso.delete group.sso.edit group.sso.membership.sync
group.sso.remove group.tag.create group.tag.delete group.user.add group.user.remove group.user.role.edit`
	unlistedEventNames = `org.project.files.create org.project.files.edit org.project.files.access
org.project.file.access org.project.issue.create org.project.issue.edit org.project.issue.access`
)

// OrgEvents are the 73 event names documented for organizations.
func OrgEvents() []string { return strings.Fields(orgEventNames) }

// GroupEvents are the 33 event names documented for groups.
func GroupEvents() []string { return strings.Fields(groupEventNames) }

// UnlistedEvents are names seen in answers and in no list.
func UnlistedEvents() []string { return strings.Fields(unlistedEventNames) }

// without is a list of names less some of them.
func without(names []string, out ...string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(out, n) })
}
