package grpcapi_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/grpcapi"
	"github.com/snykstream/snykstream/internal/stored"
	"github.com/snykstream/snykstream/internal/wire"
)

// journal is a journal in memory: positions, tokens and readers as the service
// wants them.
type journal struct {
	mu sync.Mutex
	// entries has the entry with sequence 1 at 0; nil is an entry that is lost.
	entries []*entry
	// first is the oldest sequence that retention has left.
	first uint64
	// grown is closed and made anew at every change.
	grown chan struct{}
	// last are the ordinals of the feeds' last events.
	last map[string]uint64
	// headless is what Head fails with.
	headless error
	// readers counts the readers that are open.
	readers int
	// pace is how long a reader takes for an entry.
	pace time.Duration
	// onNext runs before a reader looks for an entry.
	onNext func()
}

func newJournal() *journal {
	return &journal{first: 1, grown: make(chan struct{}), last: map[string]uint64{}}
}

// change runs under the lock and wakes the readers.
func (j *journal) change(fn func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fn()
	close(j.grown)
	j.grown = make(chan struct{})
}

// put appends an entry, filling in what the journal knows, and returns it.
func (j *journal) put(entry *entry) *entry {
	j.change(func() {
		entry.Sequence = uint64(len(j.entries)) + 1
		entry.Anchor = fmt.Append(nil, "anchor", entry.Sequence)
		entry.IngestTime = time.Now()
		for _, r := range entry.Records {
			j.last[entry.SourceID]++
			r.Event.Sequence = j.last[entry.SourceID]
			r.Event.SourceId, r.Event.Feed = entry.SourceID, entry.Feed.String()
			r.Event.IngestTime = timestamppb.New(entry.IngestTime)
		}
		entry.Events = encode(entry.Records)
		j.entries = append(j.entries, entry)
	})
	return entry
}

// entry is an entry with its records as they were before they were stored.
type entry struct {
	audit.Entry

	Records []audit.Record
}

// encode makes of records what is stored.
func encode(records []audit.Record) wire.Section {
	var made stored.Entry
	for _, r := range records {
		made.Events, made.Raw = append(made.Events, r.Event), append(made.Raw, r.Raw)
	}
	data, err := proto.Marshal(&made)
	if err != nil {
		panic(err)
	}
	events, _, err := wire.Cut(data, len(records))
	if err != nil {
		panic(err)
	}
	return events
}

// lose makes holes.
func (j *journal) lose(sequences ...uint64) {
	j.change(func() {
		for _, n := range sequences {
			j.entries[n-1] = nil
		}
	})
}

// expire lets retention take everything before a sequence.
func (j *journal) expire(first uint64) { j.change(func() { j.first = first }) }

func (j *journal) openReaders() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.readers
}

func (j *journal) after(sequence uint64) audit.Position {
	at := audit.Position{Sequence: sequence, Whole: true}
	if sequence >= j.first && sequence > 0 && j.entries[sequence-1] != nil {
		at.AnchorSequence, at.Anchor = sequence, j.entries[sequence-1].Anchor
	}
	return at
}

func (j *journal) Earliest(context.Context) (audit.Position, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.after(j.first - 1), nil
}

func (j *journal) Latest(context.Context) (audit.Position, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.after(uint64(len(j.entries))), nil
}

func (j *journal) At(_ context.Context, t time.Time) (audit.Position, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, entry := range j.entries[j.first-1:] {
		for n, r := range entry.Records {
			if !r.Event.GetEventTime().AsTime().Before(t) {
				if n > 0 {
					return entry.After(n), nil
				}
				return j.after(j.first - 1 + uint64(i)), nil
			}
		}
	}
	return j.after(uint64(len(j.entries))), nil
}

func (j *journal) Since(_ context.Context, t time.Time) (audit.Position, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, entry := range j.entries[j.first-1:] {
		if entry != nil && !entry.IngestTime.Before(t) {
			return j.after(j.first - 1 + uint64(i)), nil
		}
	}
	return j.after(uint64(len(j.entries))), nil
}

func (j *journal) Head(ctx context.Context) (uint64, error) {
	j.mu.Lock()
	headless := j.headless
	head := uint64(len(j.entries))
	j.mu.Unlock()
	if errors.Is(headless, errStuck) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return head, headless
}

// errStuck is a head that never answers.
var errStuck = errors.New("stuck")

func (j *journal) Token(at audit.Position) string {
	return fmt.Sprintf("%d %d %t %d %s.", at.Sequence, at.Events, at.Whole, at.AnchorSequence, at.Anchor)
}

func (j *journal) ParseToken(token string) (audit.Position, error) {
	var at audit.Position
	var anchor string
	_, err := fmt.Sscanf(token, "%d %d %t %d %s", &at.Sequence, &at.Events, &at.Whole, &at.AnchorSequence, &anchor)
	if err != nil {
		return at, &audit.Error{
			Kind: audit.KindInvalid, Reason: snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_INVALID, Message: "no token of ours",
		}
	}
	at.Anchor = []byte(anchor[:len(anchor)-1])
	return at, nil
}

func (j *journal) Verify(_ context.Context, at audit.Position) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	next := at.Sequence
	if at.Whole {
		next++
	}
	switch a := at.AnchorSequence; {
	case next < j.first:
		return j.expired()
	case next > uint64(len(j.entries))+1,
		a >= j.first && (a > uint64(len(j.entries)) || j.entries[a-1] == nil || string(j.entries[a-1].Anchor) != string(at.Anchor)):
		return j.outOfRange(snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_AHEAD)
	}
	return nil
}

func (j *journal) expired() error {
	return j.outOfRange(snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED)
}

func (j *journal) outOfRange(reason snykstreamv1.ErrorReason) error {
	return &audit.Error{
		Kind: audit.KindOutOfRange, Reason: reason, Message: "out of range",
		Metadata: map[string]string{"oldest_resume_token": j.Token(j.after(j.first - 1))},
	}
}

func (j *journal) read(at audit.Position) grpcapi.EntryReader {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.readers++
	r := &reader{journal: j, next: at.Sequence + 1}
	if !at.Whole && at.Sequence > 0 {
		r.next, r.first = at.Sequence, at.Events
	}
	return r
}

// reader reads a journal.
type reader struct {
	journal *journal
	next    uint64
	first   int
}

func (r *reader) Next(ctx context.Context) (*audit.Entry, error) {
	j := r.journal
	for {
		if j.onNext != nil {
			j.onNext()
		}
		j.mu.Lock()
		grown, pace, ready := j.grown, j.pace, r.next <= uint64(len(j.entries))
		j.mu.Unlock()
		if ready && pace > 0 {
			timer := time.NewTimer(pace)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return nil, ctx.Err()
			}
		}
		if entry, err := r.look(); entry != nil || err != nil {
			return entry, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// look takes the next entry if there is one. Entries lost come as one gap.
func (r *reader) look() (*audit.Entry, error) {
	j := r.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.next < j.first {
		return nil, j.expired()
	}
	var lost *audit.Entry
	for ; r.next <= uint64(len(j.entries)); r.next++ {
		if found := j.entries[r.next-1]; found != nil {
			if lost != nil {
				break
			}
			entry := found.Entry
			entry.First, r.first = r.first, 0
			r.next++
			return &entry, nil
		}
		lost = &audit.Entry{Sequence: r.next, Gaps: []*snykstreamv1.Gap{{Reason: audit.GapJournalLoss}}}
	}
	return lost, nil
}

func (r *reader) Close() {
	r.journal.mu.Lock()
	defer r.journal.mu.Unlock()
	r.journal.readers--
}
