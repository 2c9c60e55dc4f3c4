package grpcapi

import (
	"cmp"
	"context"
	"slices"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// listBytes is where a page ends though fewer sources are on it than were asked
// for: a source has a status for each of its feeds, which may be thousands.
const listBytes = 1 << 20

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
	page, bytes := &snykstreamv1.ListSourcesResponse{}, 0
	for _, rec := range all {
		if rec.ID() <= after || !hasLabels(rec.Source.GetLabels(), r.GetLabels()) {
			continue
		}
		shown := s.show(rec)
		if len(r.GetStates()) > 0 && !slices.Contains(r.GetStates(), shown.GetStatus().GetState()) {
			continue
		}
		bytes += fieldSize(shown)
		if n := len(page.GetSources()); n == size || n > 0 && bytes > listBytes {
			page.NextPageToken = pageToken(r, page.GetSources()[n-1].GetId())
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
