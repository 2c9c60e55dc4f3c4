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

// askOrganization looks the organization up, and puts into the report what it
// learns.
func (k *check) askOrganization(ctx context.Context) orgAnswer {
	id := k.what.GetOrganizationId()
	if id == "" {
		return orgAnswer{}
	}
	org, res, err := k.client.organization(ctx, id)
	k.report.out.GroupId = org.GroupID
	k.report.out.Organizations = []*snykstreamv1.Organization{{Id: id, Name: org.Name, Slug: org.Slug}}
	return orgAnswer{org, res, asTrouble(err)}
}

// organization judges the lookup. It is a convenience to a source whose log can
// be read: a credential of least privilege may not have it.
func (k *check) organization(got orgAnswer, log logAnswer) {
	t := got.trouble
	switch asked := k.what.GetGroupId(); {
	case t == nil && got.res == nil:
		k.report.skip("no organization is named", kindOrganization)
	case t == nil && asked != "" && got.org.GroupID != "" && !strings.EqualFold(asked, got.org.GroupID):
		// Every event would carry the wrong group, and no change could mend it.
		k.report.fail(kindOrganization, advice{
			"the organization belongs to group " + got.org.GroupID + ", not to " + asked,
			"leave group_id empty, or set it to the organization's group",
		}, nil)
	case t == nil:
		k.report.pass(kindOrganization, "the organization is "+got.org.Name, got.res)
	case log.read:
		say := advice{
			"the organization cannot be looked up, so that its group_id cannot be found: " + t.Detail,
			"set group_id, or give the credential the permission org.read as well",
		}
		if asked != "" {
			say = advice{"the organization cannot be looked up: " + t.Detail, "nothing; the audit log can be read"}
		}
		k.report.warn(kindOrganization, say, t)
	case outage(log.trouble) && !outage(t):
		k.report.warn(kindOrganization, advice{"the organization cannot be looked up: " + t.Detail, again(log.trouble)}, t)
	default:
		k.report.fail(kindOrganization, advice{"the organization cannot be looked up: " + t.Detail, k.remedy(t)}, t)
	}
}

// remedy is what to do about an organization or its log that cannot be read.
func (k *check) remedy(t *audit.SnykError) string {
	switch t.Class {
	case audit.SnykUnavailable, audit.SnykRateLimited:
		return again(t)
	case audit.SnykUnauthenticated:
		return k.client.regionAdvice()
	case audit.SnykForbidden:
		return "give the credential a role with the permission org.audit_log.read in this organization " +
			"(Org Admin, Org Collaborator and Group Admin have it), and check that the organization is on the Enterprise plan"
	case audit.SnykNotFound:
		return "check the organization id " + k.what.GetOrganizationId() + ", that the organization is in region " +
			regionName(k.client.region) + ", and that the credential's owner is a member of it"
	case audit.SnykGone:
		return "Snyk no longer offers this endpoint: look for a newer release of this service"
	case audit.SnykForeignLink, audit.SnykBadAnswer:
		return "check the address of region " + regionName(k.client.region) + ", and what stands between it and this server"
	case audit.SnykBadRequest:
	}
	return "check the organization id " + k.what.GetOrganizationId() + "; if it is right, tell Snyk's support the request id"
}
