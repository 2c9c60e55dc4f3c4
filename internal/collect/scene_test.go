package collect_test

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
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

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	// limits are those that the clients take for Snyk's.
	limits []snyk.Window
	stop   func()
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
func (s *scene) start() { s.startOn(s.sources, s.journal) }

func (s *scene) startOn(sources collect.Sources, journal collect.Journal) {
	clients, err := snyk.New(snyk.Config{
		Endpoints: map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_SNYK_US_01: "http://snyk.test"},
		Transport: s.sim.Transport(), Windows: s.limits,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	supervisor, err := collect.New(collect.Config{
		Sources: sources, Journal: journal, Board: s.board, Log: slog.New(slog.DiscardHandler),
		Dial: func(region snykstreamv1.Region, cred audit.Credential) collect.Snyk { return clients.For(region, cred) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- supervisor.Run(ctx) }()
	s.stop = func() { cancel(); <-done; clients.Close() }
}

// change changes the source's configuration.
func (s *scene) change(how func(*snykstreamv1.Source)) {
	s.sources.change(func(rec *audit.SourceRecord) {
		rec.Source = proto.CloneOf(rec.Source)
		rec.Source.UpdateTime = timestamppb.Now()
		how(rec.Source)
	})
}

// requests are the times of the audit requests that Snyk has seen.
func (s *scene) requests() []time.Time {
	var at []time.Time
	for _, r := range s.sim.Requests() {
		if r.Kind == snyksim.KindOrgAudit {
			at = append(at, r.Time)
		}
	}
	return at
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
