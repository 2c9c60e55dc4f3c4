package health_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
)

const org = "0d3728ec-eebf-484d-9907-ba238019f10b"

var feed = audit.Feed{Scope: audit.ScopeOrg, ID: org}

func record(change func(*snykstreamv1.Source)) audit.SourceRecord {
	source := &snykstreamv1.Source{Id: "my-snyk", Snyk: &snykstreamv1.SnykConfig{
		OrganizationId: org, PollInterval: durationpb.New(30 * time.Second),
	}}
	if change != nil {
		change(source)
	}
	return audit.SourceRecord{Source: source}
}

// report is of a feed that is current, and covered for so long.
func report(covered time.Duration, change func(*audit.FeedReport)) audit.FeedReport {
	now := time.Now()
	r := audit.FeedReport{
		SourceID: "my-snyk", Feed: feed, LastPoll: now, LastSuccess: now,
		State: audit.FeedState{
			CollectFrom: now.Add(-covered), LastEventTime: now.Add(-time.Hour), LastSequence: 7,
			Lanes: []audit.Lane{{Frontier: now, Covered: audit.Intervals{{Start: now.Add(-covered), End: now}}}},
		},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestState(t *testing.T) {
	trouble := func(state snykstreamv1.SourceState) func(*audit.FeedReport) {
		return func(r *audit.FeedReport) { r.Trouble = &audit.Trouble{State: state, Message: "what happened"} }
	}
	for name, c := range map[string]struct {
		source func(*snykstreamv1.Source)
		report func(*audit.FeedReport)
		want   snykstreamv1.SourceState
	}{
		"current":     {want: snykstreamv1.SourceState_SOURCE_STATE_HEALTHY},
		"never asked": {report: func(r *audit.FeedReport) { *r = audit.FeedReport{SourceID: "my-snyk", Feed: feed} }, want: snykstreamv1.SourceState_SOURCE_STATE_PENDING},
		"behind":      {report: func(r *audit.FeedReport) { r.LastSuccess = time.Now().Add(-time.Hour) }, want: snykstreamv1.SourceState_SOURCE_STATE_LAGGING},
		"history": {
			report: func(r *audit.FeedReport) { r.State.CollectFrom = r.State.CollectFrom.Add(-time.Hour) },
			want:   snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING,
		},
		"rejected": {report: trouble(snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED), want: snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED},
		"limited":  {report: trouble(snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED), want: snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED},
		"paused while rejected": {
			source: func(s *snykstreamv1.Source) { s.Paused = new(true) },
			report: trouble(snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED), want: snykstreamv1.SourceState_SOURCE_STATE_PAUSED,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := &health.Board{}
				board.Report(report(48*time.Hour, c.report))
				status := board.Status(record(c.source))
				if status.GetState() != c.want || status.GetMessage() == "" || len(status.GetFeeds()) != 1 {
					t.Errorf("status %v, want %v", status, c.want)
				}
			})
		})
	}
}

func TestDropOff(t *testing.T) {
	for name, c := range map[string]struct {
		covered time.Duration
		last    time.Duration
		alarm   *snykstreamv1.DropOffAlarm
		want    snykstreamv1.AlarmState
	}{
		"an event within the threshold":          {48 * time.Hour, time.Hour, nil, snykstreamv1.AlarmState_ALARM_STATE_OK},
		"silence":                                {48 * time.Hour, 25 * time.Hour, nil, snykstreamv1.AlarmState_ALARM_STATE_ALARM},
		"silence, not covered for long enough":   {12 * time.Hour, 25 * time.Hour, nil, snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA},
		"an event proves more than the coverage": {12 * time.Hour, time.Hour, nil, snykstreamv1.AlarmState_ALARM_STATE_OK},
		"threshold of its own":                   {48 * time.Hour, 25 * time.Hour, &snykstreamv1.DropOffAlarm{Threshold: durationpb.New(30 * time.Hour)}, snykstreamv1.AlarmState_ALARM_STATE_OK},
		"off":                                    {48 * time.Hour, 25 * time.Hour, &snykstreamv1.DropOffAlarm{Disabled: new(true)}, snykstreamv1.AlarmState_ALARM_STATE_DISABLED},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := &health.Board{}
				board.Report(report(c.covered, func(r *audit.FeedReport) { r.State.LastEventTime = time.Now().Add(-c.last) }))
				got := board.Status(record(func(s *snykstreamv1.Source) { s.DropOffAlarm = c.alarm })).GetDropOff()
				if got != c.want {
					t.Errorf("%v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestCoverageOfTwoLanes: what is covered is covered in both.
func TestCoverageOfTwoLanes(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 11, 1, h, 0, 0, 0, time.UTC) }
	r := audit.FeedReport{
		Lanes: []audit.LaneKind{audit.LaneDefault, audit.LaneAPIAccess},
		State: audit.FeedState{CollectFrom: at(0), Lanes: []audit.Lane{
			{Kind: audit.LaneDefault, Frontier: at(10), Covered: audit.Intervals{{Start: at(0), End: at(10)}}},
			{Kind: audit.LaneAPIAccess, Frontier: at(9), Covered: audit.Intervals{{Start: at(0), End: at(2)}, {Start: at(5), End: at(9)}}},
		}},
	}
	if got := health.Coverage(r); got != (audit.Interval{Start: at(5), End: at(9)}) {
		t.Errorf("coverage %v", got)
	}
	if health.BackfillDone(r) {
		t.Error("the backfill counts as done with a hole in one lane")
	}
	r.State.Lost = audit.Intervals{{Start: at(2), End: at(5)}}
	if !health.BackfillDone(r) {
		t.Error("what is lost for good is waited for")
	}
}

// TestReload: a collector that has just started knows nothing of the polls before
// it, and the source is as well as it was.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := &health.Board{}
		board.Report(report(48*time.Hour, nil))
		board.Report(report(48*time.Hour, func(r *audit.FeedReport) { r.LastPoll, r.LastSuccess = time.Time{}, time.Time{} }))
		if got := board.Status(record(nil)); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || got.GetFeeds()[0].GetLastPollTime() == nil {
			t.Errorf("status %v", got)
		}
		board.Forget("my-snyk")
		if got := board.Status(record(nil)); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_PENDING {
			t.Errorf("forgotten: %v", got)
		}
	})
}

// TestPausedMessage: what went wrong before the pause is not what to act on.
func TestPausedMessage(t *testing.T) {
	board := &health.Board{}
	board.Report(report(48*time.Hour, func(r *audit.FeedReport) { r.Trouble = &audit.Trouble{Message: "what happened"} }))
	got := board.Status(record(func(s *snykstreamv1.Source) { s.Paused = new(true) })).GetMessage()
	if !strings.HasPrefix(got, "paused") {
		t.Errorf("message %q", got)
	}
}
