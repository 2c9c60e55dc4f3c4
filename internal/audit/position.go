package audit

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

// Position is a place in the journal: after an entry, or between two events of
// one. The zero value is the place before everything of an empty journal.
type Position struct {
	// Sequence is the entry last considered.
	Sequence uint64
	// Events is how many of its events were considered; Whole says all of them,
	// and everything else it holds.
	Events int
	Whole  bool
	// Anchor identifies the entry at AnchorSequence, so that another history with
	// the same sequences is told from this one. No anchor where AnchorSequence is 0.
	AnchorSequence uint64
	Anchor         []byte
}

// Entry is one entry of the journal as a reader sees it.
type Entry struct {
	Sequence uint64
	// Anchor identifies the entry: see Position.
	Anchor     []byte
	IngestTime time.Time
	// SourceID and Feed are empty on an entry that only tells of a loss.
	SourceID string
	Feed     Feed
	// First is the index of the first event that the reader's position has not
	// considered.
	First int
	// Events are the entry's, as they are stored.
	Events wire.Section
	// State is the feed's state after the entry; nil where the entry has none.
	State *FeedState
	Gaps  []*snykstreamv1.Gap
}

// After is the position with n of the entry's events considered.
func (e *Entry) After(n int) Position {
	return Position{
		Sequence: e.Sequence, Events: n, Whole: n >= e.Events.Len(),
		AnchorSequence: e.Sequence, Anchor: e.Anchor,
	}
}
