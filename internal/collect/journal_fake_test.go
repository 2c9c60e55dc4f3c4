package collect_test

import (
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
	if err := ctx.Err(); err != nil {
		return audit.Snapshot{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	snapshot := audit.Snapshot{Feeds: map[audit.Feed]audit.FeedState{}}
	last := map[audit.Feed]uint64{}
	for i, e := range j.entries {
		if e.page.SourceID != sourceID {
			continue
		}
		snapshot.Fence = uint64(i + 1)
		if !e.control {
			snapshot.Feeds[e.page.Feed], last[e.page.Feed] = e.page.State, uint64(i+1)
		}
	}
	for key, c := range j.checkpoints {
		feed, err := audit.ParseFeed(key[len(sourceID)+1:])
		if err == nil && last[feed] <= c.base {
			snapshot.Feeds[feed] = c.state
		}
	}
	return snapshot, nil
}

func (j *memoryJournal) Append(ctx context.Context, fence uint64, page audit.Page) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
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
		if e.page.SourceID == sourceID {
			head = uint64(i + 1)
		}
	}
	return head
}

func (j *memoryJournal) Checkpoint(ctx context.Context, sourceID string, feed audit.Feed, state audit.FeedState, base uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dice.Float64() < j.chance {
		j.fired["checkpoint lost"]++
		return &audit.Error{Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE}
	}
	j.checkpoints[sourceID+"/"+feed.String()] = memoryCheckpoint{state, base}
	return nil
}

func (j *memoryJournal) Scan(_ context.Context, sourceID string, feed audit.Feed, since time.Time, fn func(audit.StoredEvent) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if e.control || e.page.SourceID != sourceID || e.page.Feed != feed || e.at.Before(since) {
			continue
		}
		for _, r := range e.page.Records {
			if err := fn(audit.Stored(r.Event)); err != nil {
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

// memorySources is a registry of one source.
type memorySources struct {
	mu      sync.Mutex
	rec     audit.SourceRecord
	changed chan struct{}
	token   string
}

func newMemorySources(rec audit.SourceRecord, token string) *memorySources {
	return &memorySources{rec: rec, token: token, changed: make(chan struct{})}
}

func (s *memorySources) Watch(ctx context.Context, each func(audit.SourceRecord)) error {
	for {
		s.mu.Lock()
		rec, changed := s.rec, s.changed
		s.mu.Unlock()
		each(rec)
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *memorySources) change(how func(*audit.SourceRecord)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how(&s.rec)
	s.rec.Revision++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *memorySources) Get(context.Context, string) (audit.SourceRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rec.Deleted() {
		return audit.SourceRecord{}, &audit.Error{Kind: audit.KindNotFound}
	}
	return s.rec, nil
}

func (s *memorySources) Credential(context.Context, audit.SourceRecord) (audit.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return audit.Credential{Token: audit.NewSecret(s.token)}, nil
}
