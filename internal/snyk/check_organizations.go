package snyk

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/snykstream/snykstream/internal/audit"
)

// maxNamed is how many organizations a message names.
const maxNamed = 5

// allOrganizations judges the list of the group's organizations.
func (k *check) allOrganizations(got answers) {
	switch t := got.list.trouble; {
	case got.group.id == "" && k.plan.org == "":
		k.report.skip("the group is not known", kindOrganization)
	case got.group.id == "":
	case t != nil:
		k.report.fail(kindOrganization, advice{
			"the group's organizations cannot be listed: " + t.Detail, k.listRemedy(t, got.group.id),
		}, t)
	case len(got.list.orgs) == 0:
		k.report.warn(kindOrganization, advice{
			noneShown,
			"check the group id " + got.group.id + "; organizations that are added to the group later will be found",
		}, nil)
	default:
		k.report.pass(kindOrganization, "the group has "+organizations(len(got.list.orgs)), nil)
	}
}

// allAudit judges the logs of the group's organizations. Those that cannot be
// read are shown in the source's status, and keep no other from being collected.
func (k *check) allAudit(got answers) {
	list := got.list.with(k.plan.org, got.orgLog)
	read, refused := list.read(), list.refused()
	left := len(list.orgs) - read - len(refused)
	switch {
	case len(got.list.orgs) == 0 && got.orgLog.read:
		k.report.pass(kindOrgAudit, "the organization's audit log can be read", got.orgLog.proves())
	case !list.listed:
		k.report.skip("the group's organizations are not known", kindOrgAudit)
	case len(list.orgs) == 0:
		k.noAudit(got)
	case list.cut != nil && !outage(list.cut):
		k.report.fail(kindOrgAudit, advice{
			"the audit logs of the group's " + organizations(len(list.orgs)) + " could not be read to the end: " + list.cut.Detail,
			k.allRemedy(list.cut),
		}, list.cut)
	case read == 0:
		t := list.worst(refused, left)
		k.report.fail(kindOrgAudit, advice{
			"the audit log of none of the group's " + organizations(len(list.orgs)) + " could be read: " + t.Detail + untried(left),
			k.allRemedy(t),
		}, t)
	case len(refused) > 0:
		t := list.logs[refused[0]].trouble
		k.report.warn(kindOrgAudit, advice{
			fmt.Sprintf("the audit logs of %d of %s cannot be read: %s; the first says: %s%s",
				len(refused), organizations(len(list.orgs)), list.names(refused), t.Detail, untried(left)),
			k.allRemedy(t),
		}, t)
	case left > 0:
		k.report.warn(kindOrgAudit, advice{
			fmt.Sprintf("the audit logs of %s can be read%s", organizations(read), untried(left)),
			"nothing now: the source tries every organization, and its status names those that cannot be read",
		}, nil)
	default:
		k.report.pass(kindOrgAudit, "the audit logs of all "+organizations(read)+" can be read", nil)
	}
}

// noneShown is said of a group whose list of organizations is empty.
const noneShown = "Snyk shows these credentials no organization of the group"

// noAudit judges an empty list. Without the group's log nothing at all would be
// collected; where that log could not be asked for, nothing is known yet.
func (k *check) noAudit(got answers) {
	say := advice{
		noneShown,
		"give the credential a role in the group with the permissions group.read and group.org.list, and in its " +
			"organizations with org.audit_log.read (Group Admin has them all), and check the group id " + got.group.id,
	}
	if got.groupLog.read || outage(got.groupLog.trouble) {
		k.report.warn(kindOrgAudit, say, nil)
	} else {
		k.report.fail(kindOrgAudit, say, nil)
	}
}

// worst is the trouble that says most where no log could be read: a refusal,
// unless an outage hides more of them than were refused.
func (l listAnswer) worst(refused []int, left int) *audit.SnykError {
	var no, out *audit.SnykError
	balance := 0
	for _, i := range refused {
		if t := l.logs[i].trouble; outage(t) {
			out = cmp.Or(out, t)
			balance--
		} else {
			no = cmp.Or(no, t)
			balance++
		}
	}
	if l.cut != nil {
		out = cmp.Or(out, l.cut)
		balance -= left
	}
	if no != nil && (out == nil || balance >= 0) {
		return no
	}
	return out
}

// names are the first few of the organizations.
func (l listAnswer) names(places []int) string {
	var names []string
	for _, i := range places[:min(len(places), maxNamed)] {
		names = append(names, cmp.Or(l.orgs[i].Name, l.orgs[i].ID))
	}
	text := strings.Join(names, ", ")
	if more := len(places) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (k *check) allRemedy(t *audit.SnykError) string {
	return k.remedy(t, "give the credential a role with the permission org.audit_log.read in these organizations "+
		"(Org Admin, Org Collaborator and Group Admin have it), and check that they are on the Enterprise plan",
		"check that the credential's owner is a member of these organizations", "the organizations")
}

func organizations(n int) string {
	if n == 1 {
		return "1 organization"
	}
	return fmt.Sprintf("%d organizations", n)
}

func untried(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d more were not tried", n)
}
