package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// checkpointTries bounds how often a checkpoint is tried against another writer.
const checkpointTries = 8

// Checkpoint stores a feed's state outside the journal, where retention does not
// reach it. Base is the journal sequence that the state includes: the feed's
// entries after it are newer than the state. A checkpoint older than the stored
// one is not stored, since it would take the feed back.
//
// Errors: audit.ErrFenced where a newer checkpoint is stored, so that the caller
// has lost the source to another writer; KindUnavailable; ctx's.
func (j *Journal) Checkpoint(ctx context.Context, sourceID string, feed audit.Feed, state audit.FeedState, base uint64) error {
	if err := checkFeed(sourceID, feed); err != nil {
		return err
	}
	value, err := marshal.Marshal(&stored.Checkpoint{State: storeState(&state), BaseSequence: base})
	if err != nil {
		return fmt.Errorf("encoding a checkpoint: %w", err)
	}
	if err := j.cfg.Engine.Writable(); err != nil {
		return unavailable(ctx, "storing a checkpoint", err)
	}
	key := checkpointKey(sourceID, feed)
	for range checkpointTries {
		err = j.putCheckpoint(ctx, sourceID, key, value, &state, base)
		if !errors.Is(err, jetstream.ErrKeyExists) && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			break
		}
	}
	if err != nil && !errors.Is(err, audit.ErrFenced) {
		return unavailable(ctx, "storing the checkpoint "+key, err)
	}
	return err
}

// putCheckpoint stores the checkpoint if it is not behind the stored one.
// jetstream.ErrKeyExists, ErrKeyRevisionMismatch: another was stored meanwhile.
func (j *Journal) putCheckpoint(
	ctx context.Context, sourceID, key string, value []byte, state *audit.FeedState, base uint64,
) error {
	have, err := j.checkpoints.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		_, err = j.checkpoints.Create(ctx, key, value)
		return err
	}
	if err != nil {
		return err
	}
	var old stored.Checkpoint
	if err := proto.Unmarshal(have.Value(), &old); err != nil {
		return fmt.Errorf("decoding the stored checkpoint: %w", err)
	}
	if err := j.behind(ctx, sourceID, &old, state, base); err != nil {
		return fmt.Errorf("checkpoint %s: %w", key, err)
	}
	_, err = j.checkpoints.Update(ctx, key, value, have.Revision())
	return err
}

// behind returns audit.ErrFenced for a state older than the stored checkpoint.
// Among states of the same events, sequences tell the older one only while the
// journal has the entries they count: not where it lost its end, and not where
// retention took the source's last entry, and with it the fence that was.
func (j *Journal) behind(ctx context.Context, sourceID string, old *stored.Checkpoint, state *audit.FeedState, base uint64) error {
	oldState, oldBase := loadState(old.GetState()), old.GetBaseSequence()
	if !newer(&oldState, oldBase, state, base) {
		return nil
	}
	if oldState.LastSequence == state.LastSequence {
		head, err := j.Head(ctx)
		if err != nil {
			return err
		}
		last, err := j.lastOfSource(ctx, sourceID)
		if err != nil {
			return err
		}
		if oldBase > head || fenceOf(last) == base {
			return nil
		}
	}
	return fmt.Errorf("the stored one has event %d at entry %d, the new one %d at %d: %w",
		oldState.LastSequence, oldBase, state.LastSequence, base, audit.ErrFenced)
}

// checkpointsOf reads the checkpoints of a source's feeds.
func (j *Journal) checkpointsOf(ctx context.Context, sourceID string) (map[audit.Feed]*stored.Checkpoint, error) {
	prefix := checkpointPrefix + sourceID + "."
	last, err := j.direct.lastMessages(ctx, j.js, "KV_"+checkpointsBucket, prefix+">")
	if err != nil {
		return nil, unavailable(ctx, "reading the checkpoints of source "+sourceID, err)
	}
	out := map[audit.Feed]*stored.Checkpoint{}
	for i := range last {
		feed, err := audit.ParseFeed(strings.TrimPrefix(last[i].subject, prefix))
		if err != nil {
			return nil, fmt.Errorf("reading the checkpoints of source %s: %w", sourceID, err)
		}
		checkpoint := &stored.Checkpoint{}
		if err := proto.Unmarshal(last[i].data, checkpoint); err != nil {
			return nil, fmt.Errorf("decoding the checkpoint of %s: %w", feed, err)
		}
		out[feed] = checkpoint
	}
	return out, nil
}
