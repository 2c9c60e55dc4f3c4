package filter

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// understood are filters as they were compiled.
func understood(filters []*snykstreamv1.EventFilter) []*snykstreamv1.EventFilter {
	out := make([]*snykstreamv1.EventFilter, 0, len(filters))
	for _, f := range filters {
		out = append(out, &snykstreamv1.EventFilter{
			SourceIds:       ordered(f.GetSourceIds()),
			LogTypes:        ordered(f.GetLogTypes()),
			EventNames:      ordered(f.GetEventNames()),
			Categories:      ordered(f.GetCategories()),
			UserIds:         ordered(lowerCase(f.GetUserIds())),
			OrganizationIds: ordered(lowerCase(f.GetOrganizationIds())),
			ProjectIds:      ordered(lowerCase(f.GetProjectIds())),
			SourceLabels:    maps.Clone(f.GetSourceLabels()),
			Expression:      strings.TrimSpace(f.GetExpression()),
			EventTimeFrom:   copyTime(f.GetEventTimeFrom()),
			EventTimeTo:     copyTime(f.GetEventTimeTo()),
			Origins:         ordered(f.GetOrigins()),
		})
	}
	return out
}

// ordered are the values in order, each once.
func ordered[T cmp.Ordered](values []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

func copyTime(t *timestamppb.Timestamp) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return &timestamppb.Timestamp{Seconds: t.GetSeconds(), Nanos: t.GetNanos()}
}
