package health_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
)

const (
	groupID = "2f594a0e-00d1-4a6f-9129-dc45a231b32d"
	second  = "1e4839fd-ffc0-495e-8018-cb349120a21c"
	third   = "3a6a5b1f-11e2-4b70-a23a-ed56b342c43e"
)

var (
	group   = audit.Feed{Scope: audit.ScopeGroup, ID: groupID}
	found   = audit.Feed{Scope: audit.ScopeOrg, ID: second}
	another = audit.Feed{Scope: audit.ScopeOrg, ID: third}
)

// wholeGroup is a source of a group with all its organizations.
func wholeGroup(change func(*snykstreamv1.Source)) audit.SourceRecord {
	rec := record(change)
	rec.Source.Snyk.OrganizationId, rec.Source.Snyk.GroupId, rec.Source.Snyk.AllOrganizations = "", groupID, new(true)
	return rec
}

// of is a report like report's of another feed.
func of(feed audit.Feed, change func(*audit.FeedReport)) audit.FeedReport {
	r := report(48*time.Hour, change)
	r.Feed = feed
	return r
}

func feedsOf(status *snykstreamv1.SourceStatus) []string {
	var names []string
	for _, feed := range status.GetFeeds() {
		names = append(names, feed.GetFeed())
	}
	return names
}

func wantFeeds(t *testing.T, status *snykstreamv1.SourceStatus, want ...audit.Feed) {
	t.Helper()
	var names []string
	for _, feed := range want {
		names = append(names, feed.String())
	}
	if got := feedsOf(status); !slices.Equal(got, names) {
		t.Errorf("feeds %v, want %v", got, names)
	}
}

// TestRoster: the status has the feeds that the collector says it reads, and
// nothing that is told of others.
func TestRoster(t *testing.T) {
	board := &health.Board{}
	rec := wholeGroup(nil)
	wantFeeds(t, board.Status(rec), group)

	board.Report(of(group, nil))
	board.Report(of(another, nil))
	board.Roster("my-snyk", []audit.Feed{found, group, found}, nil)
	status := board.Status(rec)
	wantFeeds(t, status, found, group)
	if got := status.GetFeeds()[1].GetEventsStored(); got != 7 {
		t.Errorf("of the feed that stays %d events are known", got)
	}

	board.Report(of(another, nil))
	board.Trouble("my-snyk", another, &audit.Trouble{State: snykstreamv1.SourceState_SOURCE_STATE_DEGRADED})
	if got := board.Reports(); len(got) != 1 || got[0].Feed != group {
		t.Errorf("reports of %v", got)
	}
	if got := board.Feeds(rec); len(got) != 2 || got[0].Feed != found || got[0].SourceID != "my-snyk" || got[1].State.LastSequence != 7 {
		t.Errorf("feeds %v", got)
	}

	// A feed that comes back begins anew.
	board.Roster("my-snyk", []audit.Feed{another}, nil)
	board.Roster("my-snyk", []audit.Feed{another, group}, nil)
	status = board.Status(rec)
	wantFeeds(t, status, another, group)
	if status.GetFeeds()[1].GetLastPollTime() != nil {
		t.Errorf("something stayed: %v", status)
	}
	board.Forget("my-snyk")
	wantFeeds(t, board.Status(rec), group)
}

// TestFeedsNotFound: what keeps feeds from being found shows, with those that are
// read and without any.
func TestFeedsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, rec := &health.Board{}, wholeGroup(nil)
		unlisted := func(state snykstreamv1.SourceState) *audit.Trouble {
			return &audit.Trouble{Time: time.Now(), State: state, Message: "the organizations cannot be listed"}
		}
		check := func(want snykstreamv1.SourceState, message string, warnings ...string) {
			t.Helper()
			status := board.Status(rec)
			if status.GetState() != want || board.State(rec) != want || status.GetMessage() != message || !slices.Equal(status.GetWarnings(), warnings) {
				t.Errorf("status %v, want %v, %q, warnings %q", status, want, message, warnings)
			}
		}
		board.Roster("my-snyk", nil, nil)
		wantFeeds(t, board.Status(rec))
		check(pending, "waiting for the first poll to end")
		if got := board.Status(rec).GetDropOff(); got != snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA {
			t.Errorf("alarm %v", got)
		}
		for _, state := range []snykstreamv1.SourceState{authFailed, notEntitled} {
			board.Roster("my-snyk", nil, unlisted(state))
			check(state, "the organizations cannot be listed", "the organizations cannot be listed")
		}

		board.Roster("my-snyk", []audit.Feed{group, feed}, unlisted(notEntitled))
		board.Report(of(group, nil))
		board.Report(of(feed, nil))
		check(degraded, "the organizations cannot be listed", "the organizations cannot be listed")
		board.Report(of(feed, fails(degraded, time.Minute)))
		check(degraded, "1 of 2 feeds fail; "+feed.String()+": what happened", "the organizations cannot be listed")
		board.Report(of(group, fails(degraded, time.Minute)))
		check(notEntitled, "the organizations cannot be listed", "the organizations cannot be listed")
		board.Report(of(group, nil))
		board.Report(of(feed, nil))

		// The credential is limited until a feed is read again.
		time.Sleep(time.Second)
		board.Roster("my-snyk", []audit.Feed{group, feed}, unlisted(rateLimited))
		check(rateLimited, "the organizations cannot be listed", "the organizations cannot be listed")
		time.Sleep(time.Second)
		board.Report(of(feed, nil))
		check(degraded, "the organizations cannot be listed", "the organizations cannot be listed")

		board.Roster("my-snyk", []audit.Feed{group, feed}, nil)
		check(healthyState, "current")
	})
}

// TestUnlisted: a feed that the roster leaves out is not read, but for one that
// something keeps from being found.
func TestUnlisted(t *testing.T) {
	board, rec := &health.Board{}, wholeGroup(nil)
	trouble := &audit.Trouble{State: degraded}
	check := func(when string, unlisted, noLongerRead bool) {
		t.Helper()
		if got := board.Unlisted("my-snyk", found); got != unlisted {
			t.Errorf("%s: unlisted %v", when, got)
		}
		if got := board.NoLongerRead(rec, found); got != noLongerRead {
			t.Errorf("%s: no longer read %v", when, got)
		}
	}
	check("no roster", false, false)
	rec = record(nil)
	check("no roster, and not named", false, true)
	if board.NoLongerRead(rec, feed) {
		t.Error("the feed that the source names is not read")
	}
	rec = wholeGroup(nil)
	board.Report(of(found, nil))
	check("no roster, but a report", false, false)
	board.Roster("my-snyk", nil, trouble)
	check("nothing was ever found", false, false)
	board.Roster("my-snyk", []audit.Feed{group, found}, nil)
	check("listed", false, false)
	board.Roster("my-snyk", []audit.Feed{group}, trouble)
	check("not found for a while", false, false)
	board.Roster("my-snyk", []audit.Feed{group}, nil)
	check("gone", true, true)
	board.Roster("my-snyk", []audit.Feed{group}, trouble)
	check("gone before the trouble", true, true)
	board.Roster("my-snyk", []audit.Feed{found}, trouble)
	check("back in trouble", false, false)
	board.Forget("my-snyk")
	check("forgotten", false, false)
}

// TestReportsInOrder: of source and feed.
func TestReportsInOrder(t *testing.T) {
	board := &health.Board{}
	for _, id := range []string{"b", "a"} {
		for _, feed := range []audit.Feed{found, group, feed} {
			r := of(feed, nil)
			r.SourceID = id
			board.Report(r)
		}
	}
	var got []string
	for _, r := range board.Reports() {
		got = append(got, r.SourceID+" "+r.Feed.String())
	}
	if !slices.IsSorted(got) || len(got) != 6 {
		t.Errorf("reports of %v", got)
	}
}

// TestFeedStatusOfTheMoment: what polls do now is told of each feed.
func TestFeedStatusOfTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, now := &health.Board{}, time.Now()
		board.Report(report(48*time.Hour, func(r *audit.FeedReport) {
			r.Interval, r.State.Lateness = 74*time.Second, 20*time.Minute
			r.State.Lost = audit.Intervals{{Start: now.Add(-3 * time.Hour), End: now.Add(-2 * time.Hour)}, {Start: now.Add(-time.Hour), End: now.Add(-30 * time.Minute)}}
		}))
		got := board.Status(record(nil)).GetFeeds()[0]
		if got.GetOverlap().AsDuration() != 40*time.Minute || got.GetPollInterval().AsDuration() != 74*time.Second ||
			got.GetLostTime().AsDuration() != 90*time.Minute {
			t.Errorf("status %v", got)
		}
		got = (&health.Board{}).Status(record(nil)).GetFeeds()[0]
		if got.GetOverlap().AsDuration() != 5*time.Minute || got.GetPollInterval().AsDuration() != 30*time.Second || got.GetLostTime().AsDuration() != 0 {
			t.Errorf("never polled: %v", got)
		}
	})
}
