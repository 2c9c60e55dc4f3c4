package health_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
)

// bubbleStart is when time begins in a bubble of synctest.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestWarnings(t *testing.T) {
	const day = 24 * time.Hour
	at := func(d time.Duration) string { return bubbleStart.Add(d).Format(time.RFC3339) }
	polls := func(d time.Duration) change { return func(r *audit.FeedReport) { r.Interval = d } }
	loses := func(from, to time.Duration) change {
		return func(r *audit.FeedReport) {
			r.State.Lost = r.State.Lost.Add(audit.Interval{Start: bubbleStart.Add(from), End: bubbleStart.Add(to)})
		}
	}
	warns := func(text string) change { return func(r *audit.FeedReport) { r.Warnings = append(r.Warnings, text) } }
	refused := all(inGroup, fails(notEntitled, time.Hour))
	const stretched = ": the feeds of this credential need more than its share of Snyk's limits; " +
		"raise poll_interval or --snyk-budget, or spread the feeds over credentials"
	const remedy = ": give the source new ones with UpdateSource"
	for name, c := range map[string]struct {
		expires time.Duration
		paused  bool
		feeds   []change
		want    []string
	}{
		"nothing":                      {feeds: []change{current}},
		"polls as asked for":           {feeds: []change{polls(30 * time.Second)}},
		"polls a moment apart":         {feeds: []change{polls(30*time.Second + 400*time.Millisecond)}},
		"polls more often":             {feeds: []change{polls(20 * time.Second)}},
		"polls stretched":              {feeds: []change{polls(time.Minute), polls(74*time.Second + 300*time.Millisecond)}, want: []string{"polls are 1m14s apart instead of 30s" + stretched}},
		"polls stretched while paused": {paused: true, feeds: []change{polls(time.Minute)}},

		"the credential ends later":  {expires: 14*day + time.Second},
		"the credential ends soon":   {expires: 14 * day, want: []string{"the credentials expire at " + at(14*day) + ", in 14 days" + remedy}},
		"the credential ends sooner": {expires: 47 * time.Hour, want: []string{"the credentials expire at " + at(47*time.Hour) + ", in 47 hours" + remedy}},
		"the credential ends now":    {expires: time.Hour, want: []string{"the credentials expire at " + at(time.Hour) + ", in less than 2 hours" + remedy}},
		"the credential has ended":   {expires: -time.Hour, want: []string{"the credentials expired at " + at(-time.Hour) + remedy}},

		"time lost": {feeds: []change{loses(-91*day, -90*day)}, want: []string{
			"Snyk dropped records of " + group.String() + " from between " + at(-91*day) + " and " + at(-90*day) + " before they were read: GetCoverage has the gaps",
		}},
		"time lost long ago": {feeds: []change{loses(-190*day, -180*day)}},
		"time lost by two": {feeds: []change{loses(-91*day, -90*day), current, all(loses(-200*day, -190*day), loses(-95*day, -94*day))}, want: []string{
			"Snyk dropped records of " + group.String() + ", " + found.String() + " from between " + at(-95*day) + " and " + at(-90*day) +
				" before they were read: GetCoverage has the gaps",
		}},

		"one may not be read": {feeds: []change{current, refused}, want: []string{
			"a feed found in the group cannot be read: " + feed.String() + "; the credentials need the permission org.audit_log.read there",
		}},
		"some may not be read": {feeds: []change{current, refused, refused}, want: []string{
			"2 feeds found in the group cannot be read: " + feed.String() + ", " + found.String() + "; the credentials need the permission org.audit_log.read there",
		}},
		"one asked for by name may not": {feeds: []change{current, fails(notEntitled, time.Hour)}},

		"feeds' own, each once": {feeds: []change{warns("a"), warns("a"), all(warns("b"), warns("a"))}, want: []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, board, feeds := wholeGroup(func(s *snykstreamv1.Source) { s.Paused = &c.paused }), &health.Board{}, []audit.Feed{group, feed, found}
				if c.expires != 0 {
					rec.Credential = &snykstreamv1.CredentialInfo{ExpireTime: audit.Timestamp(time.Now().Add(c.expires))}
				}
				board.Roster("my-snyk", feeds[:len(c.feeds)], nil)
				for i, change := range c.feeds {
					board.Report(of(feeds[i], change))
				}
				if diff := cmp.Diff(c.want, board.Status(rec).GetWarnings()); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestManyRefusedFeeds: the warning names five of them.
func TestManyRefusedFeeds(t *testing.T) {
	board, rec := &health.Board{}, wholeGroup(nil)
	feeds := []audit.Feed{group}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		feeds = append(feeds, audit.Feed{Scope: audit.ScopeOrg, ID: id})
	}
	board.Roster("my-snyk", feeds, nil)
	board.Report(of(group, nil))
	for _, feed := range feeds[1:] {
		board.Report(of(feed, all(inGroup, fails(notEntitled, time.Hour))))
	}
	want := "7 feeds found in the group cannot be read: org/a, org/b, org/c, org/d, org/e and 2 more; the credentials need the permission org.audit_log.read there"
	status := board.Status(rec)
	if diff := cmp.Diff([]string{want}, status.GetWarnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if status.GetMessage() != "current, with a warning: "+want {
		t.Errorf("message %q", status.GetMessage())
	}
}

// TestCovered: what is proven read is proven in every lane that is read.
func TestCovered(t *testing.T) {
	at := func(h int) time.Time { return bubbleStart.Add(time.Duration(h) * time.Hour) }
	state := audit.FeedState{Lanes: []audit.Lane{
		{Kind: audit.LaneDefault, Covered: audit.Intervals{{Start: at(0), End: at(4)}, {Start: at(6), End: at(9)}}},
		{Kind: audit.LaneAPIAccess, Covered: audit.Intervals{{Start: at(3), End: at(7)}}},
	}}
	for name, c := range map[string]struct {
		lanes []audit.LaneKind
		state audit.FeedState
		want  audit.Intervals
	}{
		"one lane":          {[]audit.LaneKind{audit.LaneDefault}, state, audit.Intervals{{Start: at(0), End: at(4)}, {Start: at(6), End: at(9)}}},
		"both":              {[]audit.LaneKind{audit.LaneDefault, audit.LaneAPIAccess}, state, audit.Intervals{{Start: at(3), End: at(4)}, {Start: at(6), End: at(7)}}},
		"no lane means one": {nil, state, audit.Intervals{{Start: at(0), End: at(4)}, {Start: at(6), End: at(9)}}},
		"one never read":    {[]audit.LaneKind{audit.LaneDefault, audit.LaneAPIAccess}, audit.FeedState{Lanes: state.Lanes[:1]}, nil},
		"nothing ever read": {[]audit.LaneKind{audit.LaneDefault}, audit.FeedState{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, health.Covered(c.state, c.lanes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
