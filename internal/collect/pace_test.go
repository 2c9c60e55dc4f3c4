package collect_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestPollInterval: the jitter only shortens the interval.
func TestPollInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.start()
		defer func() { s.stop() }()
		wait(30 * time.Second)
		s.sim.ResetRequests()
		wait(30 * time.Minute)
		at, distinct := s.requests(), map[time.Duration]bool{}
		for i := range at[1:] {
			gap := at[i+1].Sub(at[i])
			distinct[gap] = true
			if gap > interval || gap < interval*9/10 {
				t.Errorf("%v between two polls", gap)
			}
		}
		if len(at) < 180 || len(distinct) < 10 {
			t.Errorf("%d polls in half an hour, %d different waits", len(at), len(distinct))
		}
	})
}

func TestChangePollsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sources.rec.Source.Snyk.PollInterval = durationpb.New(24 * time.Hour)
		s.start()
		defer func() { s.stop() }()
		wait(time.Minute)
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
		wait(time.Hour)
		if n := len(s.journal.records()); n != 0 {
			t.Fatalf("%d records within the interval", n)
		}
		s.change(func(source *snykstreamv1.Source) { source.DisplayName = "renamed" })
		wait(time.Second)
		s.exact()
	})
}

// TestSlowPollsLeaveTimeForHistory: also where every poll takes longer than the
// interval, history is read before Snyk drops it.
func TestSlowPollsLeaveTimeForHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 500})
		s.sources.rec.Source.Snyk.PollInterval = durationpb.New(5 * time.Second)
		s.sim.Inject(snyksim.Fault{Effect: snyksim.Delay(6 * time.Second)})
		s.start()
		defer func() { s.stop() }()
		wait(5 * time.Minute)
		s.exact()
	})
}

// TestBackfillScansOnce: what is stored is looked up once for a pass, not again
// after every poll, and not for the time that the pass has behind it.
func TestBackfillScansOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 3000})
		s.sim.Inject(snyksim.Fault{Effect: snyksim.Delay(3 * time.Second)})
		s.start()
		defer func() { s.stop() }()
		wait(5 * time.Minute)
		s.exact()
		if s.journal.scans > 3 {
			t.Errorf("%d scans", s.journal.scans)
		}
	})
}

// TestRivals: two who collect one source leave each other room.
func TestRivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		s.sim.Append(s.org.ID, snyksim.Record{Event: "org.edit"})
		s.journal.fail(func(j *memoryJournal) { j.noAppends = audit.ErrFenced })
		s.start()
		defer func() { s.stop() }()
		wait(10 * time.Minute)
		if n := len(s.requests()); n < 20 || n > 200 {
			t.Errorf("%d requests in ten minutes", n)
		}
		s.journal.fail(func(j *memoryJournal) { j.noAppends = nil })
		wait(20 * time.Second)
		s.exact()
	})
}

// scriptedSources tells of records when the test says so.
type scriptedSources struct {
	*memorySources
	told chan audit.SourceRecord
}

func (s scriptedSources) Watch(ctx context.Context, each func(audit.SourceRecord)) error {
	for {
		select {
		case rec := <-s.told:
			each(rec)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s scriptedSources) Get(context.Context, string) (audit.SourceRecord, error) {
	return audit.SourceRecord{}, &audit.Error{Kind: audit.KindUnavailable}
}

// stuckJournal never answers to a checkpoint.
type stuckJournal struct{ *memoryJournal }

func (stuckJournal) Checkpoint(ctx context.Context, _ string, _ audit.Feed, _ audit.FeedState, _ uint64) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestStopHoldsUpNobody: a worker that takes its time to stop delays no other
// source, and its own only until it has stopped. A deleted source leaves nothing
// on the board.
func TestStopHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 1}, newMemoryJournal(1, 0))
		sources := scriptedSources{s.sources, make(chan audit.SourceRecord)}
		s.startOn(sources, stuckJournal{s.journal})
		tell := func(id string, revision uint64, deleted time.Time) {
			rec := s.sources.rec
			rec.Source, rec.Revision, rec.DeleteTime = proto.CloneOf(rec.Source), revision, deleted
			rec.Source.Id, rec.Source.UpdateTime = id, timestamppb.Now()
			sources.told <- rec
		}
		for n := range uint64(5) {
			tell(fmt.Sprint("source-", n), n+1, time.Time{})
		}
		wait(time.Second)
		began := time.Now()
		for n := range uint64(5) {
			tell(fmt.Sprint("source-", n), n+11, time.Now())
		}
		tell("other", 21, time.Time{})
		if d := time.Since(began); d != 0 {
			t.Errorf("the watch was held up for %v", d)
		}
		wait(time.Minute)
		for _, report := range s.board.Reports() {
			if report.SourceID != "other" {
				t.Errorf("%s is still on the board", report.SourceID)
			}
		}
		s.stop()
	})
}
