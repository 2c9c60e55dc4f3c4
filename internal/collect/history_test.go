package collect_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

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

// TestFailingHistoryLeavesTheOtherLane: where the default records of old cannot be
// read, those of api.access are.
func TestFailingHistoryLeavesTheOtherLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sources.rec.Source.Snyk.IncludeApiAccess = new(true)
		old := time.Now().Add(-24 * time.Hour)
		s.sim.Append(s.org.ID,
			snyksim.Record{Created: old, Event: "api.access"}, snyksim.Record{Created: old, Event: "org.edit"})
		s.sim.Inject(snyksim.Fault{Match: snyksim.Match{When: func(r *http.Request) bool {
			from, err := time.Parse(time.RFC3339, r.URL.Query().Get("from"))
			return err == nil && from.Before(old) && !r.URL.Query().Has("events")
		}}, Effect: snyksim.Status(http.StatusInternalServerError, snyksim.BodyHTML)})
		s.start()
		defer func() { s.stop() }()
		wait(5 * time.Minute)
		if records := s.journal.records(); len(records) != 1 || records[0].Event.GetOrgAudit().GetEvent() != "api.access" {
			t.Errorf("stored %v", records)
		}
		s.sim.ClearFaults()
		wait(5 * time.Minute)
		s.exact()
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
