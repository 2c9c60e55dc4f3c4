package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestSilenceAfterTooManyRequests: after `Retry-After: 8` nothing is asked with
// that credential for eight seconds, whatever the source and the feed; whoever has
// another credential goes on.
func TestSilenceAfterTooManyRequests(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	group := h.GroupRequest("my-group")
	org := h.CreateRequest("my-snyk")
	org.Credentials = group.GetCredentials()
	other := h.CreateRequest("other")
	h.CreateAs(group)
	h.CreateAs(org)
	h.CreateAs(other)
	for _, id := range []string{"my-group", "my-snyk", "other"} {
		h.AwaitState(id, snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	}
	limited := snyksim.Fingerprint(group.GetCredentials().GetApiToken())
	const silence = 8 * time.Second
	feeds := 3 // the group's, its organization's, and that of the other source

	h.Sim.ResetRequests()
	h.Sim.Inject(snyksim.Fault{
		Match: snyksim.Match{When: func(r *http.Request) bool {
			return r.Header.Get("Authorization") == "token "+group.GetCredentials().GetApiToken()
		}},
		Times: 1, Effect: snyksim.Throttle(silence, snyksim.HintRetryAfter),
	})
	for _, id := range []string{"my-group", "my-snyk"} {
		h.AwaitState(id, snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED)
	}
	for _, id := range []string{"my-group", "my-snyk"} {
		h.AwaitState(id, snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	}

	var refused, next time.Time
	refusals, meanwhile := 0, 0
	for _, r := range h.Sim.Requests() {
		switch {
		case r.Token != limited:
			if !refused.IsZero() && next.IsZero() {
				meanwhile++
			}
		case r.Status == http.StatusTooManyRequests:
			// One that was on its way when the first answer came is not to blame.
			refused = r.Time
			refusals++
		case !refused.IsZero() && next.IsZero():
			next = r.Time
		}
	}
	if refusals < 1 || refusals > feeds {
		t.Errorf("%d requests were refused", refusals)
	}
	if gap := next.Sub(refused); gap < silence {
		t.Errorf("asked again %v after the refusal", gap)
	}
	if meanwhile == 0 {
		t.Error("another credential was silent too")
	}
	if state := h.Source("other").GetStatus().GetState(); state != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
		t.Errorf("the source with another credential is %v", state)
	}
}

// TestBudgetIsConfigured: --snyk-budget reaches the pace of the credentials, and
// the status says when it does not suffice for the interval asked for.
func TestBudgetIsConfigured(t *testing.T) {
	t.Parallel()
	h := servertest.Unstarted(t)
	h.Config.SnykBudget = 0.005
	h.Start()
	h.Create("my-snyk")
	status := h.Await("my-snyk", "a longer interval", func(status *snykstreamv1.SourceStatus) bool {
		return status.GetFeeds()[0].GetPollInterval().AsDuration() > servertest.PollInterval
	}).GetStatus()
	if !strings.Contains(strings.Join(status.GetWarnings(), " "), "--snyk-budget") {
		t.Errorf("warnings %q", status.GetWarnings())
	}
}
