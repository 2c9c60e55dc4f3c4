package snyk

import (
	"context"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// orgAnswer is what Snyk says of the organization; res is nil where trouble is
// not, and both are where it was not asked.
type orgAnswer struct {
	org     audit.Organization
	res     *response
	trouble *audit.SnykError
}

func (k *check) askOrganization(ctx context.Context) orgAnswer {
	if k.plan.org == "" {
		return orgAnswer{}
	}
	org, res, err := k.client.organization(ctx, k.plan.org)
	return orgAnswer{org, res, asTrouble(err)}
}

// enter puts what was learned of the group and its organizations into the report.
func (k *check) enter(got answers) {
	out := k.report.out
	out.GroupId = got.org.org.GroupID
	if out.GetGroupId() == "" && (got.group.res != nil || got.groupLog.read || got.list.listed) {
		out.GroupId = got.group.id
	}
	if k.plan.org != "" {
		named := &snykstreamv1.Organization{Id: k.plan.org, Name: got.org.org.Name, Slug: got.org.org.Slug}
		named.AuditReadable = got.orgLog.read
		switch {
		case !got.orgLog.asked:
			named.AuditProblem = "not tried: log_types leaves it out"
		case !got.orgLog.read:
			named.AuditProblem = got.orgLog.trouble.Detail
		}
		out.Organizations = append(out.Organizations, named)
	}
	for i, org := range got.list.orgs {
		if strings.EqualFold(org.ID, k.plan.org) {
			continue
		}
		out.Organizations = append(out.Organizations, &snykstreamv1.Organization{
			Id: org.ID, Name: org.Name, Slug: org.Slug,
			AuditReadable: got.list.logs[i].read, AuditProblem: got.list.problem(i),
		})
	}
}

// organization judges the lookup of the one named, and the list of the group's.
func (k *check) organization(got answers) {
	if k.plan.org != "" && !k.namedOrganization(got) {
		return
	}
	if k.plan.all {
		k.allOrganizations(got)
	}
}

// namedOrganization judges the lookup, and says whether it is as it should be. It
// is a convenience to a source whose log can be read: a credential of least
// privilege may not have it.
func (k *check) namedOrganization(got answers) bool {
	t, asked := got.org.trouble, k.plan.group
	switch {
	case t == nil && asked != "" && got.org.org.GroupID != "" && !strings.EqualFold(asked, got.org.org.GroupID):
		// Every event would carry the wrong group, and no change could mend it.
		k.report.fail(kindOrganization, advice{
			"the organization belongs to group " + got.org.org.GroupID + ", not to " + asked,
			"leave group_id empty, or set it to the organization's group",
		}, nil)
	case t == nil:
		k.report.pass(kindOrganization, "the organization is "+got.org.org.Name, got.org.res)
		return true
	case got.orgLog.read && asked != "":
		k.report.warn(kindOrganization, advice{
			"the organization cannot be looked up: " + t.Detail, "nothing; the audit log can be read",
		}, t)
	case got.orgLog.read:
		k.report.warn(kindOrganization, advice{
			"the organization cannot be looked up, so that its group_id cannot be found: " + t.Detail,
			"set group_id, or give the credential the permission org.read as well",
		}, t)
	case !k.plan.readsOrg && asked != "":
		remedy := "leave organization_id empty, as log_types leaves out its log, or give the credential the permission org.read in it"
		if outage(t) {
			remedy = again(t)
		}
		k.report.warn(kindOrganization, advice{"the organization cannot be looked up: " + t.Detail, remedy}, t)
	case outage(got.orgLog.trouble) && !outage(t):
		k.report.warn(kindOrganization, advice{
			"the organization cannot be looked up: " + t.Detail, again(got.orgLog.trouble),
		}, t)
	default:
		k.report.fail(kindOrganization, advice{"the organization cannot be looked up: " + t.Detail, k.orgRemedy(t)}, t)
	}
	return false
}
