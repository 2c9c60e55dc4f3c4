package grpcapi

import (
	"cmp"
	"context"
	"slices"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
)

// GetCoverage implements snykstreamv1.SourceServiceServer.
func (s *SourceService) GetCoverage(ctx context.Context, r *snykstreamv1.GetCoverageRequest) (*snykstreamv1.GetCoverageResponse, error) {
	rec, err := s.get(ctx, r.GetSourceId())
	if err != nil {
		return nil, err
	}
	ledgers, err := s.ledgers.Ledgers(ctx, rec)
	if err != nil {
		return nil, err
	}
	answer := &snykstreamv1.GetCoverageResponse{}
	for feed, state := range ledgers {
		coverage := coverageOf(rec, feed, state)
		coverage.NoLongerRead = s.ledgers.NoLongerRead(rec, feed)
		answer.Feeds = append(answer.Feeds, coverage)
	}
	slices.SortFunc(answer.GetFeeds(), func(a, b *snykstreamv1.FeedCoverage) int { return cmp.Compare(a.GetFeed(), b.GetFeed()) })
	return answer, nil
}

// coverageOf is what is proven read of a feed in every lane that the source reads,
// and what Snyk dropped before it was.
func coverageOf(rec audit.SourceRecord, feed audit.Feed, state audit.FeedState) *snykstreamv1.FeedCoverage {
	out := &snykstreamv1.FeedCoverage{Feed: feed.String(), LogType: feed.LogType()}
	for _, covered := range health.Covered(state, rec.Lanes()) {
		out.Covered = append(out.Covered, &snykstreamv1.Interval{
			StartTime: audit.Timestamp(covered.Start), EndTime: audit.Timestamp(covered.End),
		})
	}
	for _, lost := range state.Lost {
		out.Gaps = append(out.Gaps, &snykstreamv1.Gap{
			SourceId: rec.ID(), LogType: feed.LogType(), Feed: feed.String(),
			StartTime: audit.Timestamp(lost.Start), EndTime: audit.Timestamp(lost.End),
			Reason: audit.GapSnykRetention,
		})
	}
	return out
}
