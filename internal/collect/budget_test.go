package collect_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/snykstream/snykstream/internal/snyk"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestPollsStretch: feeds that need more than their credential's budget are polled
// less often, all of them equally, and the status says so.
func TestPollsStretch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 13}, newMemoryJournal(13, 0), 60)
		// Half of it is ours: one request every two seconds.
		s.limits = []snyk.Window{{Count: 60, Per: time.Minute}}
		s.sources.rec.Source.Snyk.PollInterval = durationpb.New(5 * time.Second)
		s.start()
		defer func() { s.stop() }()
		wait(time.Hour)
		s.sim.ResetRequests()
		wait(time.Hour)
		polls := map[string]int{}
		for _, r := range s.sim.Requests() {
			polls[r.ScopeID]++
		}
		if n := len(s.sim.Requests()); n > 1800 || n < 900 {
			t.Errorf("%d requests in an hour", n)
		}
		for _, org := range s.orgs {
			if n := polls[org.ID]; n < 10 || n > 60 {
				t.Errorf("%d polls of %s", n, org.Name)
			}
		}
		feed := s.status().GetFeeds()[0]
		if got := feed.GetPollInterval().AsDuration(); got < 2*time.Minute || got > 5*time.Minute || len(s.status().GetWarnings()) == 0 {
			t.Errorf("polls every %v, warnings %q", got, s.status().GetWarnings())
		}
		for _, org := range s.orgs {
			s.happen(org, time.Now(), "org.edit", snyksim.NotInGroup)
		}
		wait(10 * time.Minute)
		s.once(s.orgs...)
	})
}
