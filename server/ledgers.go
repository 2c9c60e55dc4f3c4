package server

import (
	"context"

	"github.com/snykstream/snykstream/internal/audit"
)

// ledgers joins what the journal keeps of a source's feeds with what its collector
// says: the board is fresher where it knows of a feed, and the journal knows of the
// feeds that are no longer read.
type ledgers struct {
	journal interface {
		Load(ctx context.Context, sourceID string) (audit.Snapshot, error)
	}
	board interface {
		Feeds(rec audit.SourceRecord) []audit.FeedReport
		NoLongerRead(rec audit.SourceRecord, feed audit.Feed) bool
	}
}

// NoLongerRead implements grpcapi.Ledgers.
func (l ledgers) NoLongerRead(rec audit.SourceRecord, feed audit.Feed) bool {
	return l.board.NoLongerRead(rec, feed)
}

// Ledgers implements grpcapi.Ledgers.
func (l ledgers) Ledgers(ctx context.Context, rec audit.SourceRecord) (map[audit.Feed]audit.FeedState, error) {
	// The journal first: what the collector says after that is no older.
	snapshot, err := l.journal.Load(ctx, rec.ID())
	if err != nil {
		return nil, err
	}
	states := snapshot.Feeds
	if states == nil {
		states = map[audit.Feed]audit.FeedState{}
	}
	for _, report := range l.board.Feeds(rec) {
		stored, known := states[report.Feed]
		// A collector that has not loaded the feed yet knows less than the journal.
		if !known || len(report.State.Lanes) > 0 && report.State.LastSequence >= stored.LastSequence {
			states[report.Feed] = report.State
		}
	}
	return states, nil
}
