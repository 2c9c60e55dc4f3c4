package snyk

import (
	"context"
	"strings"

	"github.com/snykstream/snykstream/internal/audit"
)

// groupAnswer is what Snyk says of the group. The id is empty where the group is
// not known; res and trouble are nil where it was not asked.
type groupAnswer struct {
	id, name string
	res      *response
	trouble  *audit.SnykError
}

// askGroup looks up the group that is read: the one named, or else the one that
// the organization belongs to.
func (k *check) askGroup(ctx context.Context, org orgAnswer) groupAnswer {
	if !k.plan.needsGroup() {
		return groupAnswer{}
	}
	id := k.plan.group
	if id == "" {
		id = strings.ToLower(org.org.GroupID)
	}
	if id == "" {
		return groupAnswer{}
	}
	name, res, err := k.client.group(ctx, id)
	return groupAnswer{id, name, res, asTrouble(err)}
}

// group judges the lookup. It is a convenience where everything that is read of
// the group can be read.
func (k *check) group(got answers) {
	if !k.plan.needsGroup() {
		return
	}
	if got.group.id == "" {
		k.groupUnknown(got.org)
		return
	}
	t, reading := got.group.trouble, got.groupTrouble()
	switch {
	case t == nil:
		k.report.pass(kindGroup, "the group is "+got.group.name, got.group.res)
	case reading == nil:
		k.report.warn(kindGroup, advice{
			"the group cannot be looked up: " + t.Detail,
			"nothing, unless its name should be shown: then give the credential the permission group.read; what is read of it can be read",
		}, t)
	case outage(reading) && !outage(t):
		k.report.warn(kindGroup, advice{"the group cannot be looked up: " + t.Detail, again(reading)}, t)
	default:
		k.report.fail(kindGroup, advice{"the group cannot be looked up: " + t.Detail, k.lookupRemedy(t, got.group.id)}, t)
	}
}

// groupTrouble is what keeps the group's log, or its list of organizations, from
// being read.
func (a answers) groupTrouble() *audit.SnykError {
	for _, t := range []*audit.SnykError{a.groupLog.trouble, a.list.trouble} {
		if t != nil {
			return t
		}
	}
	return nil
}

// groupUnknown says why there is no group to read.
func (k *check) groupUnknown(org orgAnswer) {
	switch t := org.trouble; {
	case t != nil:
		remedy := "set group_id, or give the credential the permission org.read in the organization, by which its group is found"
		if outage(t) {
			remedy = again(t)
		}
		k.report.fail(kindGroup, advice{"the group is not named, and cannot be found from the organization: " + t.Detail, remedy}, t)
	case org.res == nil:
		k.report.fail(kindGroup, advice{"no group is named", "set group_id"}, nil)
	default:
		k.report.fail(kindGroup, advice{
			"the organization belongs to no group, or Snyk does not tell which",
			"set group_id, or leave out all_organizations and LOG_TYPE_SNYK_GROUP_AUDIT",
		}, nil)
	}
}
