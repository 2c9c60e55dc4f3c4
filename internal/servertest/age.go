package servertest

import (
	"log/slog"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
	"github.com/snykstream/snykstream/internal/journal"
)

// Age makes the stored state of a source older, as if the server, which must be
// stopped, had been down for so long. What is stored of events stays as it is.
func (h *House) Age(sourceID string, by time.Duration) {
	h.T.Helper()
	ctx := h.T.Context()
	store, err := engine.Open(ctx, engine.Config{DataDir: h.Config.DataDir})
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() {
		if err := store.Close(ctx); err != nil {
			h.T.Error(err)
		}
	}()
	book, err := journal.Open(ctx, journal.Config{Engine: store, Retention: h.Config.Retention, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.T.Fatal(err)
	}
	snapshot, err := book.Load(ctx, sourceID)
	if err != nil {
		h.T.Fatal(err)
	}
	for feed, state := range snapshot.Feeds {
		if err := book.Checkpoint(ctx, sourceID, feed, aged(state, by), snapshot.Fence); err != nil {
			h.T.Fatal(err)
		}
	}
}

// aged is a state as it would have been so long ago.
func aged(state audit.FeedState, by time.Duration) audit.FeedState {
	state = state.Clone()
	state.LastEventTime, state.CollectFrom = earlier(state.LastEventTime, by), earlier(state.CollectFrom, by)
	for i := range state.Lanes {
		lane := &state.Lanes[i]
		lane.Frontier, lane.SweepTime = earlier(lane.Frontier, by), earlier(lane.SweepTime, by)
		covered := make(audit.Intervals, len(lane.Covered))
		for k, iv := range lane.Covered {
			covered[k] = audit.Interval{Start: earlier(iv.Start, by), End: earlier(iv.End, by)}
		}
		lane.Covered = covered
	}
	return state
}

// earlier leaves a time that is not set as it is.
func earlier(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-by)
}
