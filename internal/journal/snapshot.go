package journal

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// Load reads the states of a source's feeds and the fence that belongs to them.
// Entries and fence are of one moment; a checkpoint stands in where a feed has no
// entry after it, because it made no events since or because retention has taken
// them. Load writes nothing. A source that was never collected has no feeds and
// fence 0.
//
// Errors: KindUnavailable; ctx's; any other for a state that cannot be read,
// which is never passed over.
func (j *Journal) Load(ctx context.Context, sourceID string) (audit.Snapshot, error) {
	if err := checkSource(sourceID); err != nil {
		return audit.Snapshot{}, err
	}
	last, err := j.lastOfSource(ctx, sourceID)
	if err != nil {
		return audit.Snapshot{}, err
	}
	snapshot := audit.Snapshot{Fence: fenceOf(last), Feeds: map[audit.Feed]audit.FeedState{}}
	at := map[audit.Feed]uint64{}
	for i := range last {
		feed, state, err := stateOf(&last[i])
		if err != nil {
			return audit.Snapshot{}, fmt.Errorf("loading source %s: %w", sourceID, err)
		}
		if state != nil {
			snapshot.Feeds[feed], at[feed] = *state, last[i].seq
		}
	}
	// After the entries: a checkpoint made meanwhile includes what they say.
	checkpoints, err := j.checkpointsOf(ctx, sourceID)
	if err != nil {
		return audit.Snapshot{}, err
	}
	for feed, c := range checkpoints {
		state := loadState(c.GetState())
		entry, ok := snapshot.Feeds[feed]
		if !ok || !newer(&entry, at[feed], &state, c.GetBaseSequence()) {
			snapshot.Feeds[feed] = state
		}
	}
	return snapshot, nil
}

// newer says whether a feed's state that is true at sequence is newer than
// another that is true at otherSequence. Ordinals decide first: they only grow,
// also where the journal itself lost its end and gives its sequences anew.
func newer(state *audit.FeedState, sequence uint64, other *audit.FeedState, otherSequence uint64) bool {
	if state.LastSequence != other.LastSequence {
		return state.LastSequence > other.LastSequence
	}
	return sequence > otherSequence
}

// lastOfSource reads the last entry of each of a source's subjects, as of one
// moment, in order.
func (j *Journal) lastOfSource(ctx context.Context, sourceID string) ([]message, error) {
	last, err := j.direct.lastMessages(ctx, j.js, streamName, sourceFilter(sourceID))
	if err != nil {
		return nil, unavailable(ctx, "reading the last entries of source "+sourceID, err)
	}
	return last, nil
}

// fenceOf is the fence that belongs to a source's last entries.
func fenceOf(last []message) uint64 {
	if len(last) == 0 {
		return 0
	}
	return last[len(last)-1].seq
}

// stateOf reads a feed's state from its last entry; nil for an entry that is no
// feed's.
func stateOf(m *message) (audit.Feed, *audit.FeedState, error) {
	_, token, err := splitSubject(m.subject)
	if err != nil || token == controlToken || token == chunkToken {
		return audit.Feed{}, nil, err
	}
	feed, err := audit.ParseFeed(token)
	if err != nil {
		return audit.Feed{}, nil, err
	}
	var entry stored.Entry
	if err := proto.Unmarshal(m.data, &entry); err != nil {
		return audit.Feed{}, nil, fmt.Errorf("decoding entry %d: %w", m.seq, err)
	}
	if entry.GetState() == nil {
		return audit.Feed{}, nil, fmt.Errorf("entry %d of %s has no state", m.seq, feed)
	}
	state := loadState(entry.GetState())
	return feed, &state, nil
}
