package collect_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestStoreTrouble: a store that takes no checkpoints stops nothing; one whose
// appends get no answer shows as trouble, all the time and no longer.
func TestStoreTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		away := &audit.Error{Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE}
		s.journal.fail(func(j *memoryJournal) { j.noCheckpoints = away })
		s.start()
		defer func() { s.stop() }()
		for range 60 {
			for range 10 {
				s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, time.Now().UnixNano())})
				wait(time.Millisecond)
			}
			wait(2 * time.Second)
		}
		wait(interval)
		s.exact()
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || len(got.GetWarnings()) == 0 {
			t.Errorf("without checkpoints %v", got)
		}
		s.journal.fail(func(j *memoryJournal) { j.noCheckpoints, j.noAppends = nil, audit.ErrUnknownOutcome })
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
		wait(interval)
		for range 300 {
			wait(100 * time.Millisecond)
			if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_DEGRADED || got.GetFeeds()[0].GetLastError().GetReason() != "STORE_UNAVAILABLE" {
				t.Fatalf("without answers to appends %v", got)
			}
		}
		s.journal.fail(func(j *memoryJournal) { j.noAppends = nil })
		wait(2 * time.Minute)
		s.exact()
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY || len(got.GetWarnings()) != 0 {
			t.Errorf("afterwards %v", got)
		}
	})
}

// TestRetentionTookAll: a source that has been quiet for longer than retention
// goes on, whether or not the journal takes its checkpoints.
func TestRetentionTookAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 300})
		s.start()
		wait(time.Minute)
		s.stop()
		wait(100 * 24 * time.Hour)
		s.journal.fail(func(j *memoryJournal) { j.gone = len(j.entries) })
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		s.sim.ResetRequests()
		wait(30 * time.Minute)
		if n := len(s.requests()); n > 250 {
			t.Errorf("%d requests in half an hour", n)
		}
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
		wait(interval + time.Second)
		s.exact()
		if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
			t.Errorf("status %v", got)
		}
	})
}

// TestStopIsNoTrouble: a feed that is stopped or loaded again is as well as it was.
func TestStopIsNoTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		wait(time.Minute)
		s.sim.Inject(snyksim.Fault{Effect: snyksim.Delay(time.Minute)})
		s.change(func(*snykstreamv1.Source) {})
		wait(time.Second)
		for _, what := range []string{"changed", "stopped"} {
			if got := s.status(); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY {
				t.Errorf("%s: %v", what, got)
			}
			if what == "changed" {
				s.stop()
			}
		}
	})
}

// TestRetentionTookThePaused: a source is killed with its last entry younger than
// its last checkpoint, and paused before it runs again. Retention may take that
// entry: the ordinals go on all the same.
func TestRetentionTookThePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		wait(5 * time.Second)
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: `{"n":1}`})
		wait(interval)
		s.crash()
		if n := len(s.journal.records()); n != 1 {
			t.Fatalf("%d records before the kill", n)
		}
		s.change(func(source *snykstreamv1.Source) { source.Paused = new(true) })
		s.start()
		wait(time.Second)
		s.crash()
		s.journal.fail(func(j *memoryJournal) { j.gone = len(j.entries) })
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit", Content: `{"n":2}`})
		s.change(func(source *snykstreamv1.Source) { source.Paused = nil })
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		records := s.journal.records()
		if last := records[len(records)-1].Event; last.GetSequence() != uint64(len(records)) || len(records) < 2 {
			t.Errorf("%d records, the last one with sequence %d", len(records), last.GetSequence())
		}
	})
}
