package grpcapi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// wholeSource is the mask path of a full replacement.
const wholeSource = "*"

var (
	// changeable are the parts of a source that an update can change one by one.
	changeable = []string{
		"display_name", "labels", "paused", "drop_off_alarm.disabled", "drop_off_alarm.threshold",
		"snyk.log_types", "snyk.all_organizations", "snyk.include_api_access", "snyk.collect_from", "snyk.poll_interval",
	}
	// groups are the paths that name several of them at once.
	groups = []string{wholeSource, "drop_off_alarm", "snyk"}
	// immutable paths are fixed when the source is created.
	immutable = []string{"id", "snyk.organization_id", "snyk.group_id", "snyk.region"}
	// outputOnly paths may be named, and nothing comes of it.
	outputOnly = []string{"status", "create_time", "update_time", "etag"}

	// pathText is a mask path that may be repeated to the caller: what no secret
	// looks like.
	pathText = regexp.MustCompile(`^[a-z_]{1,32}(\.[a-z_]{1,32}){0,3}$`)
)

// maskProblems are the paths that cannot be changed. Each is named, and so are
// those that can.
func maskProblems(r *snykstreamv1.UpdateSourceRequest) []audit.FieldProblem {
	var problems []audit.FieldProblem
	for i, path := range r.GetUpdateMask().GetPaths() {
		var trouble string
		switch {
		case slices.Contains(immutable, path):
			trouble = "cannot be changed"
			if path == "snyk.group_id" {
				trouble += ", but it may be set, outside the mask, where the source has none"
			}
		case !slices.Contains(changeable, path) && !slices.Contains(groups, path) && !below(path, outputOnly):
			trouble = "is no field of a source"
		case (path == wholeSource || path == "snyk") && r.GetSource() != nil && r.GetSource().GetSnyk() == nil:
			problems = append(problems, audit.FieldProblem{
				Field:       "source.snyk",
				Description: fmt.Sprintf("is required where update_mask names %q: name its fields one by one to clear them", path),
			})
		}
		if trouble == "" {
			continue
		}
		if pathText.MatchString(path) {
			trouble = fmt.Sprintf("%q %s", path, trouble)
		}
		problems = append(problems, audit.FieldProblem{
			Field:       fmt.Sprintf("update_mask.paths[%d]", i),
			Description: trouble + ": paths are " + strings.Join(slices.Concat(changeable, groups), ", "),
		})
	}
	return problems
}

// below says that a path is one of the roots, or lies in one.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+".")
	})
}

// outsideMask says that a problem is with a value of the request that the mask
// leaves out, so that it does not matter.
func outsideMask(r *snykstreamv1.UpdateSourceRequest, field string) bool {
	paths := r.GetUpdateMask().GetPaths()
	inSource, ok := strings.CutPrefix(field, "source.")
	if !ok || inSource == "id" || len(paths) == 0 || slices.Contains(paths, wholeSource) {
		return false
	}
	inSource, _, _ = strings.Cut(inSource, "[")
	return !below(inSource, paths)
}

// patch is the source with what the request changes. What the mask names and the
// request leaves unset is cleared; without a mask, what is set is changed.
func patch(source *snykstreamv1.Source, r *snykstreamv1.UpdateSourceRequest) *snykstreamv1.Source {
	out := proto.CloneOf(source)
	from := r.GetSource()
	mask := r.GetUpdateMask().GetPaths()
	for _, path := range changeable {
		names := strings.Split(path, ".")
		switch {
		case len(mask) == 0 && !isSet(from.ProtoReflect(), names):
		case len(mask) > 0 && !slices.Contains(mask, wholeSource) && !below(path, mask):
		default:
			copyField(out.ProtoReflect(), from.ProtoReflect(), names)
		}
	}
	return out
}

func isSet(message protoreflect.Message, names []string) bool {
	field := message.Descriptor().Fields().ByName(protoreflect.Name(names[0]))
	if !message.Has(field) || len(names) == 1 {
		return message.Has(field)
	}
	return isSet(message.Get(field).Message(), names[1:])
}

func copyField(to, from protoreflect.Message, names []string) {
	field := to.Descriptor().Fields().ByName(protoreflect.Name(names[0]))
	switch {
	case len(names) > 1 && !from.Has(field) && !to.Has(field):
	case len(names) > 1:
		part := to.Mutable(field).Message()
		copyField(part, from.Get(field).Message(), names[1:])
		if !from.Has(field) && proto.Size(part.Interface()) == 0 {
			to.Clear(field) // all of it is cleared
		}
	case from.Has(field):
		to.Set(field, from.Get(field))
	default:
		to.Clear(field)
	}
}

// takesSnyk says that the request is about the configuration as a whole, so that
// it may hold what no mask can name.
func takesSnyk(r *snykstreamv1.UpdateSourceRequest) bool {
	mask := r.GetUpdateMask().GetPaths()
	return len(mask) == 0 || slices.Contains(mask, wholeSource) || slices.Contains(mask, "snyk")
}

// nameGroup sets the group of a source that was created without it: from then on
// it is one that the caller has named. immutableProblems keeps it the one that is
// known.
func nameGroup(next *snykstreamv1.Source, r *snykstreamv1.UpdateSourceRequest) {
	if group := r.GetSource().GetSnyk().GetGroupId(); group != "" && takesSnyk(r) && next.GetSnyk().GetGroupId() == "" {
		next.Snyk.GroupId = strings.ToLower(group)
	}
}

// immutableProblems are the parts of a request that would change what is fixed.
// Empty parts, and parts that the mask leaves out, change nothing. A group that
// nobody knows yet is not fixed.
func immutableProblems(rec audit.SourceRecord, r *snykstreamv1.UpdateSourceRequest) []audit.FieldProblem {
	if !takesSnyk(r) {
		return nil
	}
	have, want := rec.Source.GetSnyk(), r.GetSource().GetSnyk()
	changed := map[string]bool{
		"organization_id": want.GetOrganizationId() != "" && !strings.EqualFold(want.GetOrganizationId(), have.GetOrganizationId()),
		"group_id":        want.GetGroupId() != "" && rec.GroupID() != "" && !strings.EqualFold(want.GetGroupId(), rec.GroupID()),
		"region":          want.GetRegion() != 0 && effective(want.GetRegion()) != effective(have.GetRegion()),
	}
	var problems []audit.FieldProblem
	for field, is := range changed {
		if is {
			problems = append(problems, audit.FieldProblem{
				Field: "source.snyk." + field, Description: "cannot be changed: leave it empty or as it is, or create another source",
			})
		}
	}
	slices.SortFunc(problems, func(a, b audit.FieldProblem) int { return strings.Compare(a.Field, b.Field) })
	return problems
}

// effective is the region that a setting means.
func effective(region snykstreamv1.Region) snykstreamv1.Region {
	if region == snykstreamv1.Region_REGION_UNSPECIFIED {
		return snykstreamv1.Region_REGION_SNYK_US_01
	}
	return region
}
