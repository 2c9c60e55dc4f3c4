package health_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
)

const (
	authFailed   = snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED
	notEntitled  = snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED
	rateLimited  = snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED
	degraded     = snykstreamv1.SourceState_SOURCE_STATE_DEGRADED
	lagging      = snykstreamv1.SourceState_SOURCE_STATE_LAGGING
	backfilling  = snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING
	pending      = snykstreamv1.SourceState_SOURCE_STATE_PENDING
	healthyState = snykstreamv1.SourceState_SOURCE_STATE_HEALTHY
	paused       = snykstreamv1.SourceState_SOURCE_STATE_PAUSED
)

// change makes a report another.
type change = func(*audit.FeedReport)

func all(changes ...change) change {
	return func(r *audit.FeedReport) {
		for _, c := range changes {
			c(r)
		}
	}
}

// fails is a trouble that began so long ago; the last success was before it.
func fails(state snykstreamv1.SourceState, ago time.Duration) change {
	return func(r *audit.FeedReport) {
		r.LastSuccess = time.Now().Add(-ago - time.Second)
		r.Trouble = &audit.Trouble{Time: time.Now().Add(-ago), State: state, Message: "what happened"}
	}
}

func inGroup(r *audit.FeedReport) { r.Found = true }
func current(*audit.FeedReport)   {}
func never(r *audit.FeedReport) {
	r.LastPoll, r.LastSuccess, r.State = time.Time{}, time.Time{}, audit.FeedState{}
}
func behind(r *audit.FeedReport) { r.LastSuccess = time.Now().Add(-time.Hour) }
func waits(r *audit.FeedReport) {
	r.Present, r.State.Lanes[0].Frontier = time.Now(), time.Now().Add(-time.Hour)
}
func history(r *audit.FeedReport) { r.State.CollectFrom = r.State.CollectFrom.Add(-time.Hour) }
func succeeded(ago time.Duration) change {
	return func(r *audit.FeedReport) { r.LastSuccess = time.Now().Add(-ago) }
}

// TestStateOfManyFeeds is the rule of the package comment.
func TestStateOfManyFeeds(t *testing.T) {
	feeds := []audit.Feed{group, feed, found, another}
	org, other, last := feed.String(), found.String(), another.String()
	refused := all(inGroup, fails(notEntitled, time.Hour))
	for name, c := range map[string]struct {
		paused bool
		feeds  []change
		want   snykstreamv1.SourceState
		// says is how the message begins, and with "$" all of it.
		says string
	}{
		"all current":                       {false, []change{current, current}, healthyState, "current"},
		"paused goes before everything":     {true, []change{fails(authFailed, time.Minute), behind}, paused, "paused"},
		"a refused feed does not count":     {false, []change{current, refused}, healthyState, "current, with a warning: "},
		"nor does it where another fails":   {false, []change{fails(degraded, time.Minute), refused}, degraded, group.String() + ": what happened"},
		"nor where another is lagging":      {false, []change{behind, refused, current}, lagging, "1 of 2 feeds are behind (" + group.String() + "): no poll was completed within 2m0s"},
		"nothing but refused feeds":         {false, []change{refused, refused}, notEntitled, "none of the 2 feeds found in the group can be read; " + group.String() + ": what happened"},
		"a refused feed asked for by name":  {false, []change{current, fails(notEntitled, time.Hour)}, degraded, "1 of 2 feeds fail; " + org + ": what happened"},
		"a found feed that fails otherwise": {false, []change{current, all(inGroup, fails(degraded, time.Hour))}, degraded, "1 of 2 feeds fail; " + org},

		"the credential is rejected: nothing succeeded since":   {false, []change{succeeded(time.Hour), fails(authFailed, time.Minute)}, authFailed, org + ": what happened"},
		"one feed's 401: another succeeded since":               {false, []change{current, fails(authFailed, time.Minute)}, degraded, "1 of 2 feeds fail; " + org},
		"a success of a refused feed proves nothing":            {false, []change{fails(authFailed, time.Minute), all(refused, succeeded(0)), behind}, authFailed, group.String()},
		"limited: nothing succeeded since":                      {false, []change{fails(rateLimited, time.Second), succeeded(time.Minute), fails(degraded, time.Minute)}, rateLimited, group.String() + ": what happened"},
		"limited, and another succeeded since":                  {false, []change{fails(rateLimited, time.Minute), current}, degraded, "1 of 2 feeds fail; " + group.String()},
		"limited, and a success in the same moment is no later": {false, []change{fails(rateLimited, time.Minute), succeeded(time.Minute)}, rateLimited, group.String()},
		"its own success does not excuse a feed":                {false, []change{all(fails(authFailed, time.Minute), succeeded(0)), succeeded(2 * time.Minute)}, authFailed, group.String()},
		"the most pressing of what concerns the credential":     {false, []change{fails(rateLimited, time.Minute), fails(authFailed, time.Minute), succeeded(time.Hour)}, authFailed, org},

		"all fail: the most pressing": {
			false,
			[]change{fails(degraded, time.Minute), fails(rateLimited, time.Minute), fails(notEntitled, time.Minute)},
			notEntitled,
			"3 of 3 feeds fail; " + other + ": what happened; also " + group.String() + ", " + org,
		},
		"all fail, also where one's success is later": {
			false, []change{fails(authFailed, time.Hour), fails(degraded, time.Minute)}, authFailed, "2 of 2 feeds fail; " + group.String(),
		},
		"some fail": {
			false,
			[]change{current, fails(notEntitled, time.Minute), behind, fails(degraded, time.Minute)},
			degraded,
			"2 of 4 feeds fail; " + last + ": what happened; also " + org,
		},

		"one is behind":                     {false, []change{current, behind, history, never}, lagging, "1 of 4 feeds are behind (" + org + ")"},
		"one waits":                         {false, []change{waits, current}, lagging, "1 of 2 feeds are behind (" + group.String() + "): polls succeed, but the group's log waits"},
		"one waits and is behind":           {false, []change{all(waits, behind), current}, lagging, "1 of 2 feeds are behind (" + group.String() + "): no poll was completed"},
		"an organization's log never waits": {false, []change{current, waits}, healthyState, "current"},
		"the present is not known":          {false, []change{all(waits, func(r *audit.FeedReport) { r.Present = time.Time{} })}, healthyState, "current"},
		"Snyk's clock is an hour behind": {
			false,
			[]change{all(waits, func(r *audit.FeedReport) { r.Present = time.Now().Add(-54 * time.Minute) })},
			healthyState, "current",
		},
		"none was polled":         {false, []change{never, never}, pending, "waiting for the first poll to end"},
		"some wait":               {false, []change{never, current}, backfilling, "1 of 2 feeds wait for their first poll to end$"},
		"some wait, some go back": {false, []change{never, history}, backfilling, "1 of 2 feeds wait for their first poll to end; history is still being read$"},
		"one goes back":           {false, []change{current, history}, backfilling, "live events are current"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board, rec := &health.Board{}, wholeGroup(func(s *snykstreamv1.Source) { s.Paused = &c.paused })
				board.Roster("my-snyk", feeds[:len(c.feeds)], nil)
				for i, change := range c.feeds {
					board.Report(of(feeds[i], change))
				}
				status := board.Status(rec)
				if status.GetState() != c.want || board.State(rec) != c.want {
					t.Errorf("state %v (%v), want %v: %v", status.GetState(), board.State(rec), c.want, status)
				}
				says, whole := strings.CutSuffix(c.says, "$")
				if !strings.HasPrefix(status.GetMessage(), says) || whole && status.GetMessage() != says {
					t.Errorf("message %q, want %q", status.GetMessage(), c.says)
				}
			})
		})
	}
}

// TestTroubleBegins: tries that fail the same way are one trouble, so that what
// succeeded between them tells.
func TestTroubleBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, rec := &health.Board{}, wholeGroup(nil)
		board.Roster("my-snyk", []audit.Feed{group, feed}, nil)
		state := func(want snykstreamv1.SourceState) {
			t.Helper()
			if got := board.State(rec); got != want {
				t.Errorf("after %v: %v, want %v", time.Now(), got, want)
			}
		}
		board.Report(of(feed, nil))
		time.Sleep(time.Second)
		board.Report(of(group, fails(authFailed, 0)))
		state(authFailed)
		time.Sleep(time.Second)
		board.Report(of(feed, nil))
		state(degraded)
		time.Sleep(time.Second)
		board.Report(of(group, fails(authFailed, 0)))
		state(degraded)
		board.Trouble("my-snyk", group, &audit.Trouble{State: authFailed})
		state(degraded)
		// What began anew began now.
		board.Report(of(group, fails(degraded, 0)))
		time.Sleep(time.Second)
		board.Trouble("my-snyk", group, &audit.Trouble{State: authFailed})
		state(authFailed)
	})
}

// TestStretchedPollsAreNotLate: a feed is behind by the interval in effect.
func TestStretchedPollsAreNotLate(t *testing.T) {
	for interval, want := range map[time.Duration]snykstreamv1.SourceState{
		0: lagging, time.Minute: lagging, 10 * time.Minute: healthyState,
	} {
		synctest.Test(t, func(t *testing.T) {
			board := &health.Board{}
			board.Report(report(48*time.Hour, all(succeeded(20*time.Minute), func(r *audit.FeedReport) { r.Interval = interval })))
			if got := board.State(record(nil)); got != want {
				t.Errorf("with polls every %v: %v, want %v", interval, got, want)
			}
		})
	}
}

// TestResume: a reader that begins is not late by what was read before it, and is
// as soon as it takes too long itself.
func TestResume(t *testing.T) {
	begins := func(r *audit.FeedReport) { r.LastPoll, r.LastSuccess = time.Time{}, time.Time{} }
	tries := func(r *audit.FeedReport) { r.LastSuccess = time.Time{} }
	stuck := func(r *audit.FeedReport) {
		begins(r)
		r.Present, r.State.Lanes[0].Frontier = time.Now(), time.Now().Add(-time.Hour)
	}
	for name, c := range map[string]struct {
		// reports come 50 seconds apart, an hour after the last success.
		reports []change
		want    snykstreamv1.SourceState
	}{
		"nobody reads":                     {nil, lagging},
		"it begins":                        {[]change{begins}, healthyState},
		"the group's log has waited":       {[]change{stuck}, healthyState},
		"it tries for less than two polls": {[]change{begins, tries, tries}, healthyState},
		"it tries for too long":            {[]change{begins, tries, tries, tries}, lagging},
		"it is replaced while it tries":    {[]change{begins, tries, begins, tries}, lagging},
		"it was shown while paused":        {[]change{begins, current, begins, begins}, healthyState},
		"it was paused while it tried":     {[]change{begins, tries, begins, begins}, healthyState},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board, rec, began := &health.Board{}, wholeGroup(nil), time.Now()
				board.Roster("my-snyk", []audit.Feed{group}, nil)
				board.Report(of(group, nil))
				time.Sleep(time.Hour)
				for i, change := range c.reports {
					if i > 0 {
						time.Sleep(50 * time.Second)
					}
					board.Report(of(group, change))
				}
				status := board.Status(rec)
				if status.GetState() != c.want {
					t.Errorf("status %v, want %v", status, c.want)
				}
				if got := status.GetFeeds()[0].GetLastSuccessTime().AsTime(); name == "it begins" && !got.Equal(began) {
					t.Errorf("the last success was at %v, want %v", got, began)
				}
			})
		})
	}
}

// TestDropOffOfManyFeeds: one feed that may not be read does not hold the alarm
// back for ever, and one whose time is not read yet does.
func TestDropOffOfManyFeeds(t *testing.T) {
	silent := func(r *audit.FeedReport) { r.State.LastEventTime = time.Now().Add(-25 * time.Hour) }
	refused := all(never, inGroup, fails(notEntitled, time.Hour))
	for name, c := range map[string]struct {
		feeds []change
		want  snykstreamv1.AlarmState
	}{
		"all silent":                       {[]change{silent, silent}, snykstreamv1.AlarmState_ALARM_STATE_ALARM},
		"one is not":                       {[]change{silent, current}, snykstreamv1.AlarmState_ALARM_STATE_OK},
		"one is not read yet":              {[]change{silent, never}, snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA},
		"one was found and is refused":     {[]change{silent, refused}, snykstreamv1.AlarmState_ALARM_STATE_ALARM},
		"one was asked for, and is not":    {[]change{silent, all(never, fails(notEntitled, time.Hour))}, snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA},
		"nothing but what may not be read": {[]change{refused, refused}, snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board, feeds := &health.Board{}, []audit.Feed{group, found}
				board.Roster("my-snyk", feeds, nil)
				for i, change := range c.feeds {
					board.Report(of(feeds[i], change))
				}
				if got := board.Status(wholeGroup(nil)).GetDropOff(); got != c.want {
					t.Errorf("%v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestDropOffAfterAFeedLeft: an event is not forgotten with its feed.
func TestDropOffAfterAFeedLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, rec, now := &health.Board{}, wholeGroup(nil), time.Now()
		board.Roster("my-snyk", []audit.Feed{group, found, another}, nil)
		for feed, ago := range map[audit.Feed]time.Duration{group: 40 * time.Hour, found: time.Hour, another: 2 * time.Hour} {
			board.Report(of(feed, func(r *audit.FeedReport) { r.State.LastEventTime = now.Add(-ago) }))
		}
		board.Roster("my-snyk", []audit.Feed{group, another}, nil)
		board.Roster("my-snyk", []audit.Feed{group}, nil)
		status := board.Status(rec)
		if got := status.GetLastEventTime().AsTime(); !got.Equal(now.Add(-time.Hour)) || status.GetDropOff() != snykstreamv1.AlarmState_ALARM_STATE_OK {
			t.Errorf("the last event was at %v, alarm %v", got, status.GetDropOff())
		}
		time.Sleep(24 * time.Hour)
		if got := board.Status(rec).GetDropOff(); got != snykstreamv1.AlarmState_ALARM_STATE_ALARM {
			t.Errorf("after a day of silence: %v", got)
		}
	})
}

// TestThousandsOfFeeds: what is said of very many feeds stays readable.
func TestThousandsOfFeeds(t *testing.T) {
	board := &health.Board{}
	var feeds []audit.Feed
	for i := range 3000 {
		feeds = append(feeds, audit.Feed{Scope: audit.ScopeOrg, ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i)})
	}
	board.Roster("my-snyk", feeds, nil)
	for i, feed := range feeds {
		board.Report(of(feed, func(r *audit.FeedReport) {
			r.Warnings = []string{fmt.Sprint("warning ", i)}
			if i%2 == 0 {
				all(inGroup, fails(notEntitled, time.Minute))(r)
			} else {
				fails(degraded, time.Minute)(r)
			}
		}))
	}
	status := board.Status(wholeGroup(nil))
	size := len(status.GetMessage())
	for _, warning := range status.GetWarnings() {
		size += len(warning)
	}
	if len(status.GetFeeds()) != 3000 || size > 3000 || !strings.HasPrefix(status.GetMessage(), "1500 of 1500 feeds fail; ") {
		t.Errorf("%d bytes of texts: %s, %q", size, status.GetMessage(), status.GetWarnings())
	}
}
