package journal

import (
	"bytes"
	"context"
	"fmt"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// startMargin is how much earlier than an event's time the journal may have
// stored it: by how much Snyk's clock may be ahead of ours.
const startMargin = 15 * time.Minute

// metadataOldest names the token of the oldest position in an error's metadata.
const metadataOldest = "oldest_resume_token"

// Earliest is the position before everything that the journal holds. Retention
// may pass it at any moment; a reader that is told so right after asked too late.
//
// Errors: KindUnavailable; ctx's.
func (j *Journal) Earliest(ctx context.Context) (audit.Position, error) {
	x, err := j.extent(ctx)
	if err != nil {
		return audit.Position{}, err
	}
	got, err := j.direct.next(ctx, getRequest{Seq: x.first, Batch: 1})
	if err != nil {
		return audit.Position{}, unavailable(ctx, "reading the journal's first entry", err)
	}
	if len(got.messages) == 0 {
		return audit.Position{Sequence: x.first - 1, Whole: true}, nil
	}
	m := &got.messages[0]
	// Not m.seq-1: entries that are missing before it are the reader's to report.
	return audit.Position{Sequence: x.first - 1, Whole: true, AnchorSequence: m.seq, Anchor: m.anchor()}, nil
}

// Latest is the position after everything stored before the call.
//
// Errors: KindUnavailable; ctx's.
func (j *Journal) Latest(ctx context.Context) (audit.Position, error) {
	x, err := j.extent(ctx)
	if err != nil {
		return audit.Position{}, err
	}
	end := audit.Position{Sequence: x.last, Whole: true}
	if x.first > x.last {
		return end, nil // no entry is there to be the anchor
	}
	m, err := j.single(ctx, x.last)
	if audit.IsKind(err, audit.KindNotFound) {
		return end, nil
	}
	if err != nil {
		return audit.Position{}, err
	}
	end.AnchorSequence, end.Anchor = m.seq, m.anchor()
	return end, nil
}

// At is the position before the first stored event, in journal order, whose event
// time is t or later; the journal's end where there is none. It looks at entries
// stored from a quarter of an hour before t on, in case Snyk's clock is ahead.
//
// Errors: KindUnavailable; ctx's.
func (j *Journal) At(ctx context.Context, t time.Time) (audit.Position, error) {
	// What is stored after this is past the end, whatever is found.
	end, err := j.Latest(ctx)
	if err != nil {
		return audit.Position{}, err
	}
	since := storeClock(t.Add(-startMargin))
	req := getRequest{StartTime: &since, Batch: scanBatch, MaxBytes: scanBytes}
	for {
		got, err := j.direct.next(ctx, req)
		if err != nil {
			return audit.Position{}, unavailable(ctx, "looking for a time in the journal", err)
		}
		for i := range got.messages {
			if position, ok := j.from(&got.messages[i], t); ok {
				return position, nil
			}
		}
		if len(got.messages) == 0 || got.messages[len(got.messages)-1].seq >= end.Sequence {
			return end, nil
		}
		req.StartTime, req.Seq = nil, got.messages[len(got.messages)-1].seq+1
	}
}

// Since is the position before the first entry that was stored at or after t by
// ingest time, or a little before it; the journal's end where there is none.
//
// Errors: KindUnavailable; ctx's.
func (j *Journal) Since(ctx context.Context, t time.Time) (audit.Position, error) {
	end, err := j.Latest(ctx)
	if err != nil {
		return audit.Position{}, err
	}
	// The store's clock is later than the ingest time.
	since := storeClock(t)
	got, err := j.direct.next(ctx, getRequest{StartTime: &since, Batch: 1})
	if err != nil {
		return audit.Position{}, unavailable(ctx, "looking for a time in the journal", err)
	}
	if len(got.messages) == 0 || got.messages[0].seq > end.Sequence {
		return end, nil
	}
	return audit.Position{Sequence: got.messages[0].seq - 1, Whole: true}, nil
}

// from is the position before the entry's first event at or after t; false if it
// has none. Most entries are judged by their header.
func (j *Journal) from(m *message, t time.Time) (audit.Position, bool) {
	if m.when(headerLast).Before(t) {
		return audit.Position{}, false
	}
	events := decodeOrLose(m, j.cfg.Log).Events
	for i := range events.Len() {
		var facts wire.Facts
		if err := events.Event(i).Facts(&facts); err == nil && facts.EventTime.Set && !facts.EventTime.Time().Before(t) {
			return audit.Position{Sequence: m.seq, Events: i, AnchorSequence: m.seq, Anchor: m.anchor()}, true
		}
	}
	return audit.Position{}, false
}

// Verify tells whether reading may start at a position: nothing after it is gone,
// and it is one of this journal's history. It is for positions that come from
// outside, with tokens.
//
// An entry that retention has taken is no reason to refuse the position after
// it, while everything after it is there.
//
// Errors: KindOutOfRange with TOKEN_EXPIRED or TOKEN_AHEAD and the oldest
// position's token in the metadata; KindUnavailable; ctx's.
func (j *Journal) Verify(ctx context.Context, position audit.Position) error {
	x, err := j.extent(ctx)
	if err != nil {
		return err
	}
	switch anchored := len(position.Anchor) > 0; {
	case position.Sequence > x.last, anchored && position.AnchorSequence > x.last:
		return j.ahead(ctx)
	case nextOf(position) < x.first:
		return j.expired(ctx)
	case !anchored || position.AnchorSequence < x.first:
		return nil // nothing to compare with
	}
	m, err := j.single(ctx, position.AnchorSequence)
	if audit.IsKind(err, audit.KindNotFound) {
		return nil // taken meanwhile, or lost: the reader will tell
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(m.anchor(), position.Anchor) {
		return j.ahead(ctx)
	}
	return nil
}

// nextOf is the sequence that a reader at the position needs next.
func nextOf(p audit.Position) uint64 {
	if p.Whole || p.Sequence == 0 {
		return p.Sequence + 1
	}
	return p.Sequence
}

func (j *Journal) expired(ctx context.Context) error {
	return j.outOfRange(ctx, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED,
		"retention has passed the position: some of what follows it is gone")
}

func (j *Journal) ahead(ctx context.Context) error {
	return j.outOfRange(ctx, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_AHEAD,
		"the position lies in a history that this journal does not have: it may have been restored from a backup")
}

// outOfRange makes the error for a position that cannot be read from, with the
// oldest one that can.
func (j *Journal) outOfRange(ctx context.Context, reason snykstreamv1.ErrorReason, text string) error {
	oldest, err := j.Earliest(ctx)
	if err != nil {
		return fmt.Errorf("looking for the oldest position: %w", err)
	}
	return &audit.Error{
		Kind: audit.KindOutOfRange, Reason: reason, Message: text,
		Metadata: map[string]string{metadataOldest: j.Token(oldest)},
	}
}
