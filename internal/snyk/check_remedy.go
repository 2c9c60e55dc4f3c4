package snyk

import "github.com/snykstream/snykstream/internal/audit"

// remedy is what to do about a place of Snyk's that cannot be read: what is
// missing where it is forbidden, and what to look at where it is not found.
func (k *check) remedy(t *audit.SnykError, forbidden, notFound, id string) string {
	switch t.Class {
	case audit.SnykUnavailable, audit.SnykRateLimited:
		return again(t)
	case audit.SnykUnauthenticated:
		return k.regionAdvice()
	case audit.SnykForbidden:
		return forbidden
	case audit.SnykNotFound:
		return notFound
	case audit.SnykGone:
		return "Snyk no longer offers this endpoint: look for a newer release of this service"
	case audit.SnykForeignLink, audit.SnykBadAnswer:
		return "check the address of region " + regionName(k.client.region) + ", and what stands between it and this server"
	case audit.SnykBadRequest:
	}
	return "check " + id + "; if it is right, tell Snyk's support the request id"
}

const orgAuditForbidden = "give the credential a role with the permission org.audit_log.read in this organization " +
	"(Org Admin, Org Collaborator and Group Admin have it), and check that the organization is on the Enterprise plan"

// orgRemedy is what to do about an organization or its log.
func (k *check) orgRemedy(t *audit.SnykError) string {
	id := "the organization id " + k.plan.org
	return k.remedy(t, orgAuditForbidden, "check "+id+", that the organization is in region "+
		regionName(k.client.region)+", and that the credential's owner is a member of it", id)
}

// groupRemedy is what to do about a group's log.
func (k *check) groupRemedy(t *audit.SnykError, id string) string {
	return k.ofGroup(t, id, "give the credential a role with the permission group.audit.read in this group "+
		"(only Group Admin has it by default), and check that the group is on the Enterprise plan")
}

// listRemedy is what to do about a group's list of organizations.
func (k *check) listRemedy(t *audit.SnykError, id string) string {
	return k.ofGroup(t, id, "give the credential a role with the permissions group.read and group.org.list in this group, "+
		"or name one organization in organization_id in place of all_organizations")
}

// lookupRemedy is what to do about a group that cannot be looked up.
func (k *check) lookupRemedy(t *audit.SnykError, id string) string {
	return k.ofGroup(t, id, "give the credential a role in this group, with the permission group.read")
}

func (k *check) ofGroup(t *audit.SnykError, id, forbidden string) string {
	named := "the group id " + id
	return k.remedy(t, forbidden, "check "+named+", that the group is in region "+
		regionName(k.client.region)+", and that the credential has a role in it", named)
}
