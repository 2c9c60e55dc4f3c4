package collect_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// memoryJournal keeps what the journal promises, in memory: pages stored whole or
// not at all, fenced, and checkpoints outside. It fails by chance, in every way
// that the journal may fail.
type memoryJournal struct {
	mu          sync.Mutex
	entries     []memoryEntry
	checkpoints map[string]memoryCheckpoint
	dice        *rand.Rand
	// chance of each kind of failure of an append.
	chance float64
	fired  map[string]int
	// down fails every call, as a killed process fails to make it. noAppends and
	// noCheckpoints are the errors of all appends and checkpoints.
	down                     error
	noAppends, noCheckpoints error
	// gone is how many entries retention has taken, the oldest first.
	gone int
	// scans counts the scans.
	scans int
}

// fail changes how the journal fails.
func (j *memoryJournal) fail(how func(*memoryJournal)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	how(j)
}

type memoryEntry struct {
	at   time.Time
	page audit.Page
	// control entries only move the fence.
	control bool
}

type memoryCheckpoint struct {
	state audit.FeedState
	base  uint64
}

func newMemoryJournal(seed uint64, chance float64) *memoryJournal {
	return &memoryJournal{
		checkpoints: map[string]memoryCheckpoint{}, fired: map[string]int{},
		dice: rand.New(rand.NewPCG(seed, 1)), chance: chance,
	}
}

func (j *memoryJournal) Load(ctx context.Context, sourceID string) (audit.Snapshot, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmp.Or(ctx.Err(), j.down); err != nil {
		return audit.Snapshot{}, err
	}
	snapshot := audit.Snapshot{Feeds: map[audit.Feed]audit.FeedState{}}
	last := map[audit.Feed]uint64{}
	for i, e := range j.entries {
		if e.page.SourceID != sourceID || i < j.gone {
			continue
		}
		snapshot.Fence = uint64(i + 1)
		if !e.control {
			snapshot.Feeds[e.page.Feed], last[e.page.Feed] = e.page.State.Clone(), uint64(i+1)
		}
	}
	for key, c := range j.checkpoints {
		feed, err := audit.ParseFeed(key[len(sourceID)+1:])
		if err == nil && last[feed] <= c.base {
			snapshot.Feeds[feed] = c.state.Clone()
		}
	}
	return snapshot, nil
}

func (j *memoryJournal) Append(ctx context.Context, fence uint64, page audit.Page) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmp.Or(ctx.Err(), j.down, j.noAppends); err != nil {
		return 0, err
	}
	switch {
	case j.dice.Float64() < j.chance:
		j.fired["fenced by another"]++
		j.control(page.SourceID)
	case j.dice.Float64() < j.chance:
		j.fired["append lost"]++
		return 0, fmt.Errorf("no answer: %w", audit.ErrUnknownOutcome)
	}
	if fence != j.head(page.SourceID) {
		return 0, audit.ErrFenced
	}
	for _, r := range page.Records {
		r.Event.IngestTime = timestamppb.Now()
	}
	page.State = page.State.Clone()
	j.entries = append(j.entries, memoryEntry{at: time.Now(), page: page})
	if j.dice.Float64() < j.chance {
		j.fired["answer lost"]++
		return 0, fmt.Errorf("no answer: %w", audit.ErrUnknownOutcome)
	}
	return uint64(len(j.entries)), nil
}

func (j *memoryJournal) control(sourceID string) {
	j.entries = append(j.entries, memoryEntry{at: time.Now(), page: audit.Page{SourceID: sourceID}, control: true})
}

func (j *memoryJournal) head(sourceID string) (head uint64) {
	for i, e := range j.entries {
		if e.page.SourceID == sourceID && i >= j.gone {
			head = uint64(i + 1)
		}
	}
	return head
}

func (j *memoryJournal) Checkpoint(ctx context.Context, sourceID string, feed audit.Feed, state audit.FeedState, base uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmp.Or(ctx.Err(), j.down, j.noCheckpoints); err != nil {
		return err
	}
	key := sourceID + "/" + feed.String()
	if old := j.checkpoints[key]; old.state.LastSequence > state.LastSequence || old.base > base {
		return audit.ErrFenced
	}
	if j.dice.Float64() < j.chance {
		j.fired["checkpoint lost"]++
		return &audit.Error{Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE}
	}
	j.checkpoints[key] = memoryCheckpoint{state.Clone(), base}
	return nil
}

func (j *memoryJournal) Scan(_ context.Context, sourceID string, feed audit.Feed, since time.Time, fn func(audit.StoredEvent) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.scans++; j.down != nil {
		return j.down
	}
	for _, e := range j.entries[j.gone:] {
		if e.control || e.page.SourceID != sourceID || feed != (audit.Feed{}) && e.page.Feed != feed || e.at.Before(since) {
			continue
		}
		for _, r := range e.page.Records {
			if err := fn(audit.Stored(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// records are all records stored, in order.
func (j *memoryJournal) records() []audit.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []audit.Record
	for _, e := range j.entries {
		all = append(all, e.page.Records...)
	}
	return all
}

func (j *memoryJournal) gaps() []*snykstreamv1.Gap {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*snykstreamv1.Gap
	for _, e := range j.entries {
		all = append(all, e.page.Gaps...)
	}
	return all
}
