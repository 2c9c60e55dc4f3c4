package collect_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/collect"
	"github.com/snykstream/snykstream/internal/health"
	"github.com/snykstream/snykstream/internal/snyk"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// scene is a simulated Snyk with one organization, and a collector of it, all in
// the virtual time of a synctest bubble.
type scene struct {
	t       *testing.T
	sim     *snyksim.Sim
	org     snyksim.Org
	token   snyksim.Token
	journal *memoryJournal
	sources *memorySources
	board   *health.Board
	slow    *snyksim.Injected
	stop    func()
}

const interval = 10 * time.Second

func newScene(t *testing.T, sim snyksim.Config, journal *memoryJournal) *scene {
	t.Helper()
	sim.Now = time.Now
	s := &scene{t: t, journal: journal, board: &health.Board{}}
	var err error
	if s.sim, err = snyksim.New(sim); err != nil {
		t.Fatal(err)
	}
	// Time passes while Snyk answers.
	s.slow = s.sim.Inject(snyksim.Fault{Effect: snyksim.Delay(20 * time.Millisecond)})
	group := s.sim.AddGroup("Group")
	s.org = s.sim.PutOrg(snyksim.Org{Name: "Goof", GroupID: group.ID})
	s.token = s.sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(s.org.ID)}})
	s.sources = newMemorySources(audit.SourceRecord{
		Revision: 1,
		Source: &snykstreamv1.Source{
			Id: "my-snyk", CreateTime: timestamppb.Now(), UpdateTime: timestamppb.Now(),
			Snyk: &snykstreamv1.SnykConfig{OrganizationId: s.org.ID, PollInterval: durationpb.New(interval)},
		},
	}, s.token.Value)
	return s
}

// start runs a collector until the scene is stopped or started again.
func (s *scene) start() {
	clients, err := snyk.New(snyk.Config{
		Endpoints: map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_SNYK_US_01: "http://snyk.test"},
		Transport: s.sim.Transport(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	supervisor, err := collect.New(collect.Config{
		Sources: s.sources, Journal: s.journal, Board: s.board, Log: slog.New(slog.DiscardHandler),
		Dial: func(region snykstreamv1.Region, cred audit.Credential) collect.Snyk { return clients.For(region, cred) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- supervisor.Run(ctx) }()
	s.stop = func() { cancel(); <-done }
}

func (s *scene) status() *snykstreamv1.SourceStatus {
	return s.board.Status(s.sources.rec)
}

// wait lets virtual time pass.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// exact fails unless every record Snyk ever showed is stored exactly once, byte
// for byte, with dense sequences.
func (s *scene) exact() {
	s.t.Helper()
	want, got := map[string]int{}, map[string]int{}
	everything := s.sources.rec.Source.GetSnyk().GetIncludeApiAccess()
	for _, e := range s.sim.Emitted(s.org.ID) {
		if e.Event == "api.access" && !everything {
			continue
		}
		want[e.Raw]++
		if len(e.Former) > 0 {
			want[e.Raw]--
			want[e.Former[0]]++
		}
	}
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	ids := map[string]bool{}
	for i, r := range s.journal.records() {
		got[string(r.Raw)]++
		if seq := r.Event.GetSequence(); seq != uint64(i+1) {
			s.t.Errorf("record %d has sequence %d", i+1, seq)
		}
		if ids[r.Event.GetId()] {
			s.t.Errorf("id %s is stored twice", r.Event.GetId())
		}
		ids[r.Event.GetId()] = true
	}
	for raw, n := range want {
		if got[raw] != n {
			s.t.Errorf("stored %d times, shown %d times: %.200s", got[raw], n, raw)
		}
	}
	for raw, n := range got {
		if want[raw] == 0 {
			s.t.Errorf("stored %d times, never shown: %.200s", n, raw)
		}
	}
}

func TestHistoryAndLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 1000})
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		s.exact()
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || !got.GetFeeds()[0].GetBackfillDone() {
			t.Errorf("status %v", got)
		}
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.user.add"})
		wait(interval + time.Second)
		s.exact()
		records := s.journal.records()
		live := records[len(records)-1].Event
		if live.GetOrigin() != snykstreamv1.Origin_ORIGIN_LIVE || live.GetOrgAudit().GetGroupId() != s.org.GroupID {
			t.Errorf("live event %v", live)
		}
		if o := records[0].Event.GetOrigin(); o != snykstreamv1.Origin_ORIGIN_BACKFILL {
			t.Errorf("origin of history: %v", o)
		}
	})
}

// TestCrowdedInstant: more records in one instant than an answer holds, with
// identical twins, and inserts between the pages.
func TestCrowdedInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		at := time.Now().Add(-time.Hour)
		for i := range 130 {
			s.sim.Append(s.org.ID, snyksim.Record{Created: at, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i/2)})
		}
		inserts := 0
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{When: snyksim.HasCursor}, Effect: snyksim.Do("insert", func(sim *snyksim.Sim, _ *http.Request) {
			if inserts++; inserts <= 3 {
				sim.Prepend(s.org.ID, snyksim.Record{Created: at, Event: "org.project.tag.add", Content: `{"n":0}`})
			}
		})})
		s.start()
		defer func() { s.stop() }()
		wait(2 * time.Minute)
		if inserts < 3 {
			t.Fatalf("%d inserts", inserts)
		}
		s.exact()
	})
}

func TestRewrittenRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		ids := s.sim.Append(s.org.ID, snyksim.Record{Created: time.Now().Add(-time.Minute), Event: "org.user.invite", Content: `{"email":"a@b.test"}`})
		s.start()
		defer func() { s.stop() }()
		wait(30 * time.Second)
		s.sim.Redact(ids[0], "a@b.test", "redacted")
		wait(2 * time.Minute)
		s.exact()
		if n := s.status().GetFeeds()[0].GetRewrittenEvents(); n == 0 {
			t.Error("the rewrite was not counted")
		}
	})
}

func TestLateRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		now := time.Now()
		s.sim.Append(s.org.ID,
			snyksim.Record{Created: now, VisibleAt: now.Add(45 * time.Second), Event: "org.edit", Content: `{"late":"by the overlap"}`},
			snyksim.Record{Created: now, VisibleAt: now.Add(10 * time.Hour), Event: "org.edit", Content: `{"late":"by the sweep"}`})
		wait(11*time.Hour + 5*time.Minute)
		s.exact()
		for _, r := range s.journal.records() {
			if r.Event.GetOrigin() != snykstreamv1.Origin_ORIGIN_LATE {
				t.Errorf("origin %v of %s", r.Event.GetOrigin(), r.Raw)
			}
		}
		if got := s.status().GetFeeds()[0]; got.GetLateEvents() != 2 || got.GetLateness().AsDuration() < 10*time.Hour {
			t.Errorf("status %v", got)
		}
	})
}

// TestCollectFromMovedBack: only what is missing is read, and nothing twice.
func TestCollectFromMovedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 2000})
		from := time.Now().Add(-20 * 24 * time.Hour)
		s.sources.rec.Source.Snyk.CollectFrom = timestamppb.New(from)
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		before := len(s.journal.records())
		for _, r := range s.journal.records() {
			if r.Event.GetEventTime().AsTime().Before(from) {
				t.Fatalf("event at %v", r.Event.GetEventTime().AsTime())
			}
		}
		s.sources.change(func(rec *audit.SourceRecord) {
			rec.Source = proto.CloneOf(rec.Source)
			rec.Source.Snyk.CollectFrom = timestamppb.New(time.Now().Add(-89*24*time.Hour - 23*time.Hour))
			rec.Source.UpdateTime = timestamppb.Now()
		})
		requests := s.sim.Count(snyksim.KindOrgAudit)
		wait(time.Minute)
		if after := len(s.journal.records()); before == 0 || after <= before {
			t.Errorf("%d records before, %d after", before, after)
		}
		if n := s.sim.Count(snyksim.KindOrgAudit) - requests; n > 60 {
			t.Errorf("%d requests for 2000 records", n)
		}
	})
}

func TestPauseAndLongAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		wait(time.Minute)
		s.sources.change(func(rec *audit.SourceRecord) {
			rec.Source = proto.CloneOf(rec.Source)
			rec.Source.Paused = new(true)
		})
		wait(time.Minute)
		quiet := s.sim.Count(snyksim.KindOrgAudit)
		for range 10 {
			s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"at":%d}`, time.Now().Unix())})
			wait(24 * time.Hour)
		}
		if n := s.sim.Count(snyksim.KindOrgAudit); n != quiet {
			t.Errorf("%d requests while paused", n-quiet)
		}
		s.sources.change(func(rec *audit.SourceRecord) {
			rec.Source = proto.CloneOf(rec.Source)
			rec.Source.Paused = nil
		})
		wait(time.Minute)
		s.exact()
		if gaps := s.journal.gaps(); len(gaps) != 0 {
			t.Errorf("gaps %v", gaps)
		}
		s.stop()
		wait(200 * 24 * time.Hour)
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: `{"back":true}`})
		s.start()
		wait(time.Minute)
		s.stop()
		s.exact()
		if gaps := s.journal.gaps(); len(gaps) != 1 || gaps[0].GetReason() != audit.GapSnykRetention {
			t.Errorf("gaps after a long absence: %v", gaps)
		}
	})
}

// TestSkew: whichever clock is ahead, all is stored and nothing twice, also over
// a restart.
func TestSkew(t *testing.T) {
	for _, skew := range []time.Duration{-2 * time.Hour, -20 * time.Second, 20 * time.Second, 2 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, snyksim.Config{Seed: 1, Skew: skew}, newMemoryJournal(1, 0))
				s.start()
				for i := range 60 {
					s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i)})
					wait(7 * time.Second)
					if i%20 == 19 {
						s.stop()
						s.start()
					}
				}
				wait(time.Minute)
				s.exact()
				s.stop()
			})
		})
	}
}

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

// TestExactlyOnce is the property: whatever fails and whenever the collector
// stops, in the end every record shown is stored once.
func TestExactlyOnce(t *testing.T) {
	fired := map[string]int{}
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, snyksim.Config{Seed: seed, Cursors: snyksim.CursorMode(seed % 2)}, newMemoryJournal(seed, 0.05))
			s.sources.rec.Source.Snyk.IncludeApiAccess = new(seed%3 == 0)
			dice := rand.New(rand.NewPCG(seed, 2))
			s.sim.Generate(s.org.ID, snyksim.History{Records: 300})
			faults(s.sim)
			s.start()
			for range 40 {
				s.emit(dice)
				wait(time.Duration(dice.Int64N(int64(20 * time.Second))))
				if dice.IntN(6) == 0 {
					fired["restart"]++
					s.stop()
					wait(time.Duration(dice.Int64N(int64(30 * time.Minute))))
					s.start()
				}
			}
			s.sim.ClearFaults()
			s.journal.chance = 0
			wait(30 * time.Minute)
			s.stop()
			s.exact()
			for name, n := range s.sim.FaultsFired() {
				fired[name] += n
			}
			for name, n := range s.journal.fired {
				fired[name] += n
			}
		})
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(fired)) {
		t.Logf("%6d %s", fired[name], name)
		total += fired[name]
	}
	if total == 0 {
		t.Error("no fault fired: the test shows nothing")
	}
}

// emit makes Snyk show something new: plain, crowded, twins, late.
func (s *scene) emit(dice *rand.Rand) {
	now := time.Now()
	records := []snyksim.Record{{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, dice.Int64())}}
	switch dice.IntN(4) {
	case 0:
		for range dice.IntN(150) {
			records = append(records, snyksim.Record{Created: now, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, dice.IntN(60))})
		}
	case 1:
		late := time.Duration(dice.Int64N(int64(2 * time.Minute)))
		records = append(records, snyksim.Record{Created: now, VisibleAt: now.Add(late), Event: "org.edit", Content: fmt.Sprintf(`{"late":%d}`, dice.Int64())})
	case 2:
		s.sim.Burst(s.org.ID, dice.IntN(250))
	}
	s.sim.Append(s.org.ID, records...)
}

// faults makes the simulator fail in every way that does not lie about what
// there is.
func faults(sim *snyksim.Sim) {
	for _, effect := range []snyksim.Effect{
		snyksim.Status(500, snyksim.BodyHTML), snyksim.Status(503, snyksim.BodyEmpty), snyksim.Status(403, snyksim.BodyJSONAPI),
		snyksim.Status(401, snyksim.BodyCodeMessage), snyksim.Status(404, snyksim.BodyEmptyObject),
		snyksim.Throttle(10*time.Second, 0), snyksim.CutBody(0.5), snyksim.ShortBody(0.7), snyksim.TruncateBody(0.3),
		snyksim.Reset(), snyksim.LoseAnswer(), snyksim.Delay(3 * time.Second), snyksim.ReplaceBody("{}"),
		snyksim.Unsorted(), snyksim.DropNext(), snyksim.ShortPages(3), snyksim.ShortPages(0), snyksim.TrailingNext(), snyksim.OmitEmptyItems(),
		snyksim.RepeatCursor(), snyksim.CursorToStart(), snyksim.RefuseCursor(), snyksim.ForeignLink("https://evil.test"),
		snyksim.Redirect("https://evil.test"), snyksim.Link(snyksim.LinkObject), snyksim.Link(snyksim.LinkBare),
	} {
		sim.Inject(snyksim.Fault{Match: snyksim.Match{Probability: 0.02}, Effect: effect})
	}
}
