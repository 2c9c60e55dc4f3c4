package grpcapi

import (
	"cmp"
	"context"
	"slices"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// ListSources implements snykstreamv1.SourceServiceServer. States are those at
// the moment of the call: a source may move between two pages' filters, but
// never appear twice.
func (s *SourceService) ListSources(ctx context.Context, r *snykstreamv1.ListSourcesRequest) (*snykstreamv1.ListSourcesResponse, error) {
	after, err := readPageToken(r)
	if err != nil {
		return nil, audit.Invalid(audit.FieldProblem{Field: "page_token", Description: err.Error()})
	}
	all, err := s.sources.List(ctx)
	if err != nil {
		return nil, err
	}
	size := int(cmp.Or(r.GetPageSize(), defaultPageSize))
	page := &snykstreamv1.ListSourcesResponse{}
	for _, rec := range all {
		if rec.ID() <= after || !hasLabels(rec.Source.GetLabels(), r.GetLabels()) {
			continue
		}
		shown := s.show(rec)
		if len(r.GetStates()) > 0 && !slices.Contains(r.GetStates(), shown.GetStatus().GetState()) {
			continue
		}
		if len(page.GetSources()) == size {
			page.NextPageToken = pageToken(r, page.GetSources()[size-1].GetId())
			break
		}
		page.Sources = append(page.Sources, shown)
	}
	return page, nil
}

func hasLabels(have, want map[string]string) bool {
	for key, value := range want {
		if got, ok := have[key]; !ok || got != value {
			return false
		}
	}
	return true
}
