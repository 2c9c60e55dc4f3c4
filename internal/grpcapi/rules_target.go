package grpcapi

import (
	"fmt"
	"slices"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// targetProblems say that a configuration names nothing to read, or asks for what
// does not belong to what it names. They hold for a whole configuration, not for a
// patch.
//
// A group need not be named where an organization is: it is found from it.
func targetProblems(path string, config *snykstreamv1.SnykConfig) []audit.FieldProblem {
	var problems []audit.FieldProblem
	if config.GetAllOrganizations() && len(config.GetLogTypes()) > 0 && !asksFor(config, snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT) {
		problems = append(problems, audit.FieldProblem{
			Field: join(path, "all_organizations"),
			Description: "contradicts log_types, which leaves the organizations' logs out: " +
				"add LOG_TYPE_SNYK_ORG_AUDIT to log_types, or leave all_organizations unset",
		})
	}
	switch {
	case config.GetOrganizationId() != "":
		return problems
	case config.GetGroupId() == "":
		return append(problems, nothingNamed(path, config))
	case config.GetAllOrganizations():
		return problems
	}
	if i := slices.Index(config.GetLogTypes(), snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT); i >= 0 {
		problems = append(problems, audit.FieldProblem{
			Field: fmt.Sprintf("%s.log_types[%d]", path, i),
			Description: "needs an organization to read: set organization_id, " +
				"or all_organizations for every organization of the group",
		})
	}
	return problems
}

// nothingNamed asks for what is missing where neither an organization nor a group
// is named. What only a group has asks for the group.
func nothingNamed(path string, config *snykstreamv1.SnykConfig) audit.FieldProblem {
	if config.GetAllOrganizations() || asksFor(config, snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT) {
		return audit.FieldProblem{
			Field: join(path, "group_id"),
			Description: "is required by all_organizations and by LOG_TYPE_SNYK_GROUP_AUDIT: the UUID of the group, " +
				"or in organization_id that of an organization of the group, from which it is found",
		}
	}
	return audit.FieldProblem{
		Field:       join(path, "organization_id"),
		Description: "is required where group_id is empty: the UUID of the organization to read, or in group_id that of the group",
	}
}

func asksFor(config *snykstreamv1.SnykConfig, log snykstreamv1.LogType) bool {
	return slices.Contains(config.GetLogTypes(), log)
}
