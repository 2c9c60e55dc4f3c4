package grpcapi

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// hours is an interval of hours after testTime.
func hours(from, to int) audit.Interval {
	return audit.Interval{Start: testTime.Add(time.Duration(from) * time.Hour), End: testTime.Add(time.Duration(to) * time.Hour)}
}

func shown(iv audit.Interval) *snykstreamv1.Interval {
	return &snykstreamv1.Interval{StartTime: timestamppb.New(iv.Start), EndTime: timestamppb.New(iv.End)}
}

func TestGetCoverage(t *testing.T) {
	group, org := audit.Feed{Scope: audit.ScopeGroup, ID: groupID}, audit.Feed{Scope: audit.ScopeOrg, ID: orgID}
	never := audit.Feed{Scope: audit.ScopeOrg, ID: otherID}
	states := map[audit.Feed]audit.FeedState{
		never: {},
		org: {
			Lanes: []audit.Lane{
				{Kind: audit.LaneDefault, Covered: audit.Intervals{hours(1, 5), hours(7, 9)}},
				{Kind: audit.LaneAPIAccess, Covered: audit.Intervals{hours(2, 8)}},
			},
			Lost: audit.Intervals{hours(-3, -2), hours(0, 1)},
		},
		group: {Lanes: []audit.Lane{{Kind: audit.LaneDefault, Covered: audit.Intervals{hours(0, 1)}}}},
	}
	gap := func(iv audit.Interval) *snykstreamv1.Gap {
		return &snykstreamv1.Gap{
			SourceId: "mine", LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT, Feed: "org/" + orgID,
			StartTime: timestamppb.New(iv.Start), EndTime: timestamppb.New(iv.End), Reason: "SNYK_RETENTION",
		}
	}
	want := func(ofGroup, ofOrg []*snykstreamv1.Interval) *snykstreamv1.GetCoverageResponse {
		return &snykstreamv1.GetCoverageResponse{Feeds: []*snykstreamv1.FeedCoverage{
			{Feed: "group/" + groupID, LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT, Covered: ofGroup},
			{
				Feed: "org/" + orgID, LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT, Covered: ofOrg,
				Gaps: []*snykstreamv1.Gap{gap(hours(-3, -2)), gap(hours(0, 1))},
			},
			{Feed: "org/" + otherID, LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT, NoLongerRead: true},
		}}
	}
	for name, test := range map[string]struct {
		everything bool
		want       *snykstreamv1.GetCoverageResponse
	}{
		"without api.access": {false, want([]*snykstreamv1.Interval{shown(hours(0, 1))}, []*snykstreamv1.Interval{shown(hours(1, 5)), shown(hours(7, 9))})},
		"with it, as far as both are read": {
			true, want(nil, []*snykstreamv1.Interval{shown(hours(2, 5)), shown(hours(7, 8))}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.ledgers["mine"] = states
			w.create(t, "mine", func(s *snykstreamv1.Source) { s.Snyk.IncludeApiAccess = &test.everything })
			answer, err := w.client.GetCoverage(t.Context(), &snykstreamv1.GetCoverageRequest{SourceId: "mine"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, answer, protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGetCoverageFails(t *testing.T) {
	w := newWorld(t)
	w.create(t, "mine")
	_, err := w.client.GetCoverage(t.Context(), &snykstreamv1.GetCoverageRequest{SourceId: "mine"})
	wantFailure(t, err, codes.Unavailable, "STORE_UNAVAILABLE")
	if _, err := w.client.DeleteSource(t.Context(), &snykstreamv1.DeleteSourceRequest{SourceId: "mine"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.client.GetCoverage(t.Context(), &snykstreamv1.GetCoverageRequest{SourceId: "mine"})
	wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
}
