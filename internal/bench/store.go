package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/engine"
	"github.com/snykstream/snykstream/internal/journal"
)

// store is a journal with one feed in it, written to as a collector does but without
// a Snyk to collect from.
type store struct {
	engine  *engine.Engine
	journal *journal.Journal
	fence   uint64
	state   audit.FeedState
}

// openStore opens the journal of a data folder, new or not.
func openStore(ctx context.Context, dir string) (*store, error) {
	opened, err := engine.Open(ctx, engine.Config{DataDir: dir, Log: faults()})
	if err != nil {
		return nil, err
	}
	s := &store{engine: opened}
	s.journal, err = journal.Open(ctx, journal.Config{Engine: opened, Retention: config.DefaultRetention, Log: faults()})
	if err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	snapshot, err := s.journal.Load(ctx, sourceID)
	if err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	s.fence, s.state = snapshot.Fence, snapshot.Feeds[organization]
	return s, nil
}

func (s *store) close(ctx context.Context) error { return s.engine.Close(context.WithoutCancel(ctx)) }

// faults is a log of what must not go unseen.
func faults() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

// append stores a page that follows the last one.
func (s *store) append(ctx context.Context, page audit.Page) error {
	fence, err := s.journal.Append(ctx, s.fence, page)
	if err == nil {
		s.fence, s.state = fence, page.State
	}
	return err
}

// fill appends pages until so many events are stored. They are made while others are
// being stored, as nothing waits for making them in a collector either.
func (s *store) fill(ctx context.Context, events int) error {
	pages := make(chan audit.Page, 8)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(pages)
		for state := s.state; count(state.LastSequence) < events; {
			page := nextPage(state, pageEvents, historyTime)
			select {
			case pages <- page:
				state = page.State
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		for page := range pages {
			if err := s.append(ctx, page); err != nil {
				return fmt.Errorf("fill the journal: %w", err)
			}
		}
		return nil
	})
	return group.Wait()
}

// historyStep is the time between two events of the history.
const historyStep = 5 * time.Second

// historyTime spreads a million events over the weeks before now.
func historyTime(n int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(time.Duration(n-startEvents) * historyStep)
}

// nextPage is a page of n records after a state, normalised as a collector's are.
func nextPage(state audit.FeedState, n int, at func(n int) time.Time) audit.Page {
	page := audit.Page{SourceID: sourceID, Feed: organization, Before: state, State: state.Clone()}
	for range n {
		record := count(page.State.LastSequence)
		observed := audit.ReadRecord(raw(record, at(record)))
		event := audit.Normalise(observed, audit.Setting{SourceID: sourceID, Feed: organization, GroupID: groupID, Occurrence: 1, EncodedContent: true})
		page.State.LastSequence++
		page.State.LastEventTime = observed.Created
		event.Sequence, event.Origin = page.State.LastSequence, snykstreamv1.Origin_ORIGIN_BACKFILL
		page.Records = append(page.Records, audit.Record{Event: event, Raw: observed.Raw})
	}
	lane := page.State.Lane(audit.LaneDefault)
	lane.Frontier = page.State.LastEventTime
	lane.Covered = audit.Intervals{{Start: at(0), End: page.State.LastEventTime}}
	return page
}
