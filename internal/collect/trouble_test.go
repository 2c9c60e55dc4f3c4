package collect_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestErrorsAreShownAndPass: a failing source says so, and heals by itself.
func TestErrorsAreShownAndPass(t *testing.T) {
	for name, c := range map[string]struct {
		effect snyksim.Effect
		state  snykstreamv1.SourceState
		reason string
	}{
		"401":     {snyksim.Status(401, snyksim.BodyJSONAPI), snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED, "SNYK_UNAUTHENTICATED"},
		"403":     {snyksim.Status(403, snyksim.BodyJSONAPI), snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED, "SNYK_FORBIDDEN"},
		"404":     {snyksim.Status(404, snyksim.BodyEmpty), snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED, "SNYK_NOT_FOUND"},
		"410":     {snyksim.Status(410, snyksim.BodyEmpty), snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, "SNYK_GONE"},
		"400":     {snyksim.Status(400, snyksim.BodyJSONAPI), snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, "SNYK_BAD_REQUEST"},
		"500":     {snyksim.Status(500, snyksim.BodyHTML), snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, "SNYK_UNAVAILABLE"},
		"429":     {snyksim.Status(429, snyksim.BodyJSONAPI), snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED, "SNYK_RATE_LIMITED"},
		"{}":      {snyksim.ReplaceBody("{}"), snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, "SNYK_BAD_ANSWER"},
		"network": {snyksim.Reset(), snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, "SNYK_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
				s.start()
				defer func() { s.stop() }()
				wait(time.Minute)
				s.sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindOrgAudit}}, Effect: c.effect})
				wait(3 * interval)
				got := s.status()
				feed := got.GetFeeds()[0]
				if got.GetState() != c.state || feed.GetLastError().GetReason() != c.reason || got.GetMessage() == "" ||
					!feed.GetLastError().GetRetryTime().AsTime().After(time.Now().Add(-time.Second)) {
					t.Errorf("status %v", got)
				}
				asked := s.sim.Count(snyksim.KindOrgAudit)
				wait(time.Hour)
				if n := s.sim.Count(snyksim.KindOrgAudit) - asked; n < 9 {
					t.Errorf("%d tries in an hour", n)
				}
				s.sim.ClearFaults()
				s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
				wait(6 * time.Minute)
				if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
					t.Errorf("after healing: %v", got)
				}
				s.exact()
			})
		})
	}
}

// TestSilence: after a 429 nothing is asked with the credential until the time
// that Snyk named is over.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const silence = 90 * time.Second
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 2000})
		s.start()
		defer func() { s.stop() }()
		wait(500 * time.Millisecond)
		s.sim.Inject(snyksim.Fault{Times: 1, Effect: snyksim.Throttle(silence, snyksim.HintRetryAfter)})
		wait(interval + time.Second)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED {
			t.Errorf("status %v", got)
		}
		wait(2 * silence)
		s.exact()
		longest, at := time.Duration(0), s.requests()
		for i := range at[1:] {
			longest = max(longest, at[i+1].Sub(at[i]))
		}
		if longest < silence || longest > silence+interval {
			t.Errorf("silent for %v", longest)
		}
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
			t.Errorf("afterwards %v", got)
		}
	})
}

func TestRevokedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		s.sim.Revoke(s.token.Value)
		wait(2 * interval)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED {
			t.Errorf("status %v", got)
		}
		wait(time.Hour)
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
		s.sources.unlock(s.sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(s.org.ID)}}).Value, nil)
		s.change(func(*snykstreamv1.Source) {})
		wait(time.Second)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY && got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING {
			t.Errorf("with new credentials %v", got)
		}
		s.exact()
	})
}

// TestLockedCredential: where the stored credential does not open, the status
// says what to do, and what is stored.
func TestLockedCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 10})
		s.start()
		wait(time.Minute)
		s.stop()
		s.board = &health.Board{}
		s.sources.unlock(s.token.Value, &audit.Error{
			Kind: audit.KindPrecondition, Reason: snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE, Message: "the credential does not open",
		})
		s.start()
		defer func() { s.stop() }()
		for range 100 {
			wait(time.Second)
			got := s.status()
			if got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED || got.GetFeeds()[0].GetEventsStored() != 10 ||
				got.GetFeeds()[0].GetLastError().GetReason() != "CREDENTIALS_UNREADABLE" {
				t.Fatalf("status %v", got)
			}
		}
		s.sources.unlock(s.token.Value, nil)
		s.change(func(*snykstreamv1.Source) {})
		wait(time.Second)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
			t.Errorf("with a credential that opens: %v", got)
		}
	})
}

// TestTriesStayNear: however long Snyk refuses, it is asked every five minutes;
// and what was covered stays covered.
func TestTriesStayNear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		before := s.status().GetFeeds()[0]
		s.sim.Inject(snyksim.Fault{Effect: snyksim.Status(403, snyksim.BodyJSONAPI)})
		wait(12 * time.Hour)
		at := s.requests()
		for i := range at[1:] {
			if gap := at[i+1].Sub(at[i]); gap > 5*time.Minute+time.Second {
				t.Errorf("%v between two tries", gap)
			}
		}
		after := s.status().GetFeeds()[0]
		if after.GetCoveredThrough().AsTime().Before(before.GetCoveredThrough().AsTime()) || !after.GetCoveredFrom().AsTime().Equal(before.GetCoveredFrom().AsTime()) {
			t.Errorf("covered before %v, after %v", before, after)
		}
	})
}

// TestRefusedLane: where Snyk refuses api.access alone, everything else goes on.
func TestRefusedLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 500})
		s.sim.Append(s.org.ID, snyksim.Record{Event: "api.access"})
		s.sources.rec.Source.Snyk.IncludeApiAccess = new(true)
		refused := s.sim.Inject(snyksim.Fault{
			Match:  snyksim.Match{When: func(r *http.Request) bool { return r.URL.Query().Has("events") }},
			Effect: snyksim.Status(400, snyksim.BodyJSONAPI),
		})
		s.start()
		defer func() { s.stop() }()
		wait(10 * time.Minute)
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
		wait(interval + time.Second)
		want := 0
		for _, e := range s.sim.Emitted(s.org.ID) {
			if e.Event != "api.access" {
				want++
			}
		}
		if n := len(s.journal.records()); n != want {
			t.Errorf("%d of %d records of the default lane", n, want)
		}
		if n := refused.Fired(); n > 20 {
			t.Errorf("%d refused requests", n)
		}
		got := s.status()
		if got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_DEGRADED || got.GetFeeds()[0].GetBackfillDone() || got.GetFeeds()[0].GetCoveredThrough() != nil {
			t.Errorf("status %v", got)
		}
		refused.Remove()
		wait(6 * time.Minute)
		s.exact()
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
			t.Errorf("afterwards %v", got)
		}
	})
}

// TestNewCredentialsHealAtOnce: a revoked token shows within two polls, in every
// feed, and a new one has all of them read at once, with nothing lost.
func TestNewCredentialsHealAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGroupScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0), 3)
		s.sources.rec.Source.Snyk.PollInterval = durationpb.New(5 * time.Minute)
		s.start()
		defer func() { s.stop() }()
		wait(20 * time.Minute)
		s.sim.Revoke(s.token.Value)
		wait(10 * time.Minute)
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED || len(got.GetFeeds()) != 4 {
			t.Errorf("after two polls: %v", got)
		}
		for _, org := range s.orgs {
			s.happen(org, time.Now().Add(-3*time.Minute), "org.edit", snyksim.InGroupWithOrg)
		}
		wait(time.Hour)
		s.sources.unlock(s.sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.GroupAdmin(s.group.ID)}}).Value, nil)
		s.change(func(*snykstreamv1.Source) {})
		wait(2 * time.Second)
		if got := s.status(); got.GetState() == snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED || len(s.journal.records()) != 3 {
			t.Errorf("two seconds after new credentials: %d records, %v", len(s.journal.records()), got)
		}
		s.once(s.orgs...)
	})
}
