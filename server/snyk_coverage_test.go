package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

const day = 24 * time.Hour

// since keeps the records of the house's organization from a time on.
func since(h *servertest.House, from time.Time) servertest.Records {
	feed := servertest.OrgFeed(h.Org.ID)
	out := servertest.Records{}
	for _, e := range h.Sim.Emitted(h.Org.ID) {
		if !e.Created.Before(from) {
			out[feed] = append(out[feed], e)
		}
	}
	return out
}

// reading is a stretch of time that Snyk was asked for at a moment.
type reading struct{ at, from, to time.Time }

// before says that a record's time was asked for before another moment.
func (q reading) before(moment, created time.Time) bool {
	return q.at.Before(moment) && !created.Before(q.from) && created.Before(q.to)
}

// readings are those that the organization's log was asked for, but for checks.
func readings(h *servertest.House) []reading {
	var out []reading
	for _, r := range h.Sim.Requests() {
		if r.Kind != snyksim.KindOrgAudit || r.Status != http.StatusOK || r.Query.Get("size") == "1" {
			continue
		}
		from, err1 := time.Parse(time.RFC3339Nano, r.Query.Get("from"))
		to, err2 := time.Parse(time.RFC3339Nano, r.Query.Get("to"))
		if err1 != nil || err2 != nil || r.Query.Get("sort_order") != "ASC" {
			h.T.Errorf("asked with %v", r.Query)
		}
		out = append(out, reading{r.Time, from, to})
	}
	return out
}

// TestCollectFromMovedBack: what is missing is read, and nothing else; coverage
// says so before and after.
func TestCollectFromMovedBack(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 300})
	now := time.Now().Truncate(time.Millisecond)
	first, second := now.Add(-10*day), now.Add(-40*day)
	req := h.CreateRequest("my-snyk")
	req.Source.Snyk.CollectFrom = timestamppb.New(first)
	h.CreateAs(req)
	feed := servertest.OrgFeed(h.Org.ID)
	r := h.NewReader()
	read := func(from time.Time) {
		t.Helper()
		h.Await("my-snyk", "read back to "+from.String(), func(status *snykstreamv1.SourceStatus) bool {
			f := servertest.FeedOf(status, feed)
			return f.GetBackfillDone() && !f.GetCoveredFrom().AsTime().After(from)
		})
		r.UntilAll(func() servertest.Records { return since(h, from) })
		r.ExactFeeds(since(h, from))
		coverage := h.Coverage("my-snyk")[feed]
		if len(coverage.GetCovered()) != 1 || len(coverage.GetGaps()) != 0 ||
			coverage.GetLogType() != snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT ||
			!coverage.GetCovered()[0].GetStartTime().AsTime().Equal(from) || coverage.GetCovered()[0].GetEndTime().AsTime().Before(now.Add(-time.Minute)) {
			t.Errorf("from %v on, the coverage is %v", from, coverage)
		}
	}
	read(first)
	had := len(r.Events)

	h.Sim.ResetRequests()
	h.Update(&snykstreamv1.Source{Id: "my-snyk", Snyk: &snykstreamv1.SnykConfig{CollectFrom: timestamppb.New(second)}}, nil, "snyk.collect_from")
	read(second)
	if len(r.Events) == had {
		t.Error("nothing was there to be read")
	}
	missing := 0
	for _, q := range readings(h) {
		switch {
		case q.from.After(now.Add(-time.Hour)):
			// the present, with the overlap of every poll
		case q.from.Before(second) || q.to.After(first):
			t.Errorf("read from %v to %v, of which %v to %v was missing", q.from, q.to, second, first)
		default:
			missing++
		}
	}
	if missing == 0 {
		t.Error("what was missing was not asked for")
	}
}

// gapsOf are the gaps of a source that came; a filter of sources hides no others.
func gapsOf(r *servertest.Reader, id string) []*snykstreamv1.Gap {
	return slices.DeleteFunc(slices.Clone(r.Gaps), func(gap *snykstreamv1.Gap) bool { return gap.GetSourceId() != id })
}

// TestWhatSnykDropped: what Snyk let go while the server was down, or the source
// paused, is a gap in the stream, and shows in coverage, status and metrics. What
// Snyk still has comes, and nothing comes again.
func TestWhatSnykDropped(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	paused := h.Sim.PutOrg(snyksim.Org{Name: "Paused", GroupID: h.Group.ID})
	h.Sim.SetGrants(h.Token.Value, snyksim.OrgAdmin(h.Org.ID), snyksim.OrgAdmin(paused.ID))
	feeds := map[string]string{"down": h.Org.ID, "paused": paused.ID}
	readers := map[string]*servertest.Reader{}
	records := func(id string) func() servertest.Records {
		return func() servertest.Records {
			return servertest.Records{servertest.OrgFeed(feeds[id]): h.Sim.Emitted(feeds[id])}
		}
	}
	began := time.Now()
	for id, org := range feeds {
		h.Sim.Generate(org, snyksim.History{Records: 120})
		req := h.CreateRequest(id)
		req.Source.Snyk.OrganizationId = org
		h.CreateAs(req)
		readers[id] = h.NewReader(id)
	}
	for id, r := range readers {
		r.UntilAll(records(id))
		h.AwaitState(id, snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	}
	h.Update(&snykstreamv1.Source{Id: "paused", Paused: new(true)}, nil, "paused")
	h.Stop()
	const away = 100 * day
	for id, org := range feeds {
		h.Age(id, away)
		h.Sim.Append(org, snyksim.Record{Created: time.Now().Add(-50 * day), Event: "org.edit", Content: `{"while":"away"}`})
	}
	h.Start()
	h.Update(&snykstreamv1.Source{Id: "paused", Paused: new(false)}, nil, "paused")

	for id, r := range readers {
		r.UntilAll(records(id))
		r.Until(func(r *servertest.Reader) bool { return len(gapsOf(r, id)) > 0 })
		status := h.AwaitState(id, snykstreamv1.SourceState_SOURCE_STATE_HEALTHY).GetStatus()
		r.ExactFeeds(records(id)())
		gaps := gapsOf(r, id)
		if len(gaps) != 1 {
			t.Fatalf("%s: gaps %v", id, gaps)
		}
		gap := gaps[0]
		start, end := gap.GetStartTime().AsTime(), gap.GetEndTime().AsTime()
		feed := servertest.OrgFeed(feeds[id])
		if gap.GetReason() != "SNYK_RETENTION" || gap.GetRecoverable() || gap.GetSourceId() != id || gap.GetFeed() != feed ||
			start.Before(began.Add(-away-time.Hour)) || start.After(time.Now().Add(-away)) ||
			end.Before(began.Add(-90*day)) || end.After(time.Now().Add(-90*day)) {
			t.Errorf("%s: %v", id, gap)
		}
		lost := end.Sub(start)
		coverage := h.Coverage(id)[feed]
		if len(coverage.GetGaps()) != 1 || !coverage.GetGaps()[0].GetStartTime().AsTime().Equal(start) || !coverage.GetGaps()[0].GetEndTime().AsTime().Equal(end) {
			t.Errorf("%s: the coverage has the gaps %v", id, coverage.GetGaps())
		}
		if covered := coverage.GetCovered(); len(covered) != 2 || covered[0].GetEndTime().AsTime().After(start) || !covered[1].GetStartTime().AsTime().Equal(end) ||
			covered[1].GetEndTime().AsTime().Before(began.Add(-time.Minute)) {
			t.Errorf("%s: the coverage is %v", id, covered)
		}
		shown := servertest.FeedOf(status, feed).GetLostTime().AsDuration()
		if shown != lost || len(status.GetWarnings()) != 1 || !strings.Contains(status.GetWarnings()[0], feed) {
			t.Errorf("%s: lost are %v, the status says %v, with the warnings %q", id, lost, shown, status.GetWarnings())
		}
		if got := h.Metric("snykstream_feed_lost_seconds_total", `source="`+id+`"`, `feed="`+feed+`"`); got != lost.Seconds() {
			t.Errorf("%s: lost are %v, the metric says %vs", id, lost, got)
		}
	}
	if got := h.Metric("snykstream_journal_gaps_total", `reason="SNYK_RETENTION"`); got < 2 {
		t.Errorf("%v gaps are counted", got)
	}
}
