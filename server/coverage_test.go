package server_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestCoverage: history that is read is proven read, over a restart too.
func TestCoverage(t *testing.T) {
	h := servertest.New(t)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 50})
	h.Create("my-snyk")
	coverage := func() (*snykstreamv1.GetCoverageResponse, error) {
		return h.Sources().GetCoverage(t.Context(), &snykstreamv1.GetCoverageRequest{SourceId: "my-snyk"})
	}
	h.NewReader().Until(func(r *servertest.Reader) bool {
		return servertest.Has(shown(h))(r) && r.Last.GetHeartbeat().GetSources()[0].GetFeeds()[0].GetBackfillDone()
	})
	answer, err := coverage()
	if err != nil || len(answer.GetFeeds()) != 1 {
		t.Fatal(answer, err)
	}
	feed := answer.GetFeeds()[0]
	if feed.GetFeed() != "org/"+h.Org.ID || feed.GetLogType() != snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT || len(feed.GetGaps()) > 0 {
		t.Errorf("coverage %v", feed)
	}
	const day = 24 * time.Hour
	if len(feed.GetCovered()) != 1 || time.Since(feed.GetCovered()[0].GetStartTime().AsTime()) < 89*day ||
		time.Since(feed.GetCovered()[0].GetEndTime().AsTime()) > day {
		t.Errorf("covered %v", feed.GetCovered())
	}

	// A restart forgets nothing.
	h.Stop()
	h.Start()
	if answer, err = coverage(); err != nil || len(answer.GetFeeds()[0].GetCovered()) != 1 {
		t.Errorf("after a restart: %v, %v", answer, err)
	}
	if _, err := h.Sources().DeleteSource(t.Context(), &snykstreamv1.DeleteSourceRequest{SourceId: "my-snyk"}); err != nil {
		t.Fatal(err)
	}
	if answer, err := coverage(); status.Code(err) != codes.NotFound {
		t.Errorf("of a deleted source: %v, %v", answer, err)
	}
}
