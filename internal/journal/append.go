package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// appendTimeout bounds the wait for the store's word: it syncs to disk first.
const appendTimeout = 10 * time.Second

// Append stores the page as a whole if no entry of its source is newer than
// fence, and returns the fence for the next append. It gives the page's events
// their ingest time, so they must not be shared yet. When it returns, the page is
// synced to disk.
//
// A page too large for one entry is split, and of a record too large for an
// event its content is left out: see doc.go. An error may then leave a part
// stored, with a state that says so.
//
// Errors: audit.ErrFenced: another writer was first; nothing of this call is
// stored, or parts that the state tells of. audit.ErrUnknownOutcome: the page may
// be stored, or still be on its way; load the source again, and conclude nothing
// until then. KindUnavailable: the store takes no writes now; where it is also
// audit.ErrUnknownOutcome the page may be stored. Any other error is a page that
// breaks the journal's rules; nothing is stored.
func (j *Journal) Append(ctx context.Context, fence uint64, page audit.Page) (uint64, error) {
	if err := checkPage(&page); err != nil {
		return 0, fmt.Errorf("appending to the journal: %w", err)
	}
	now := j.cfg.Now().UTC()
	stamp(&page, timestamppb.New(now))
	parts, err := j.limits().split(&page)
	if err != nil {
		return 0, fmt.Errorf("appending to the journal: %w", err)
	}
	subject := feedSubject(page.SourceID, page.Feed)
	for i := range parts {
		if fence, err = j.appendChunks(ctx, page.SourceID, fence, &parts[i], now); err != nil {
			return 0, err
		}
		msg, err := parts[i].message(subject, now)
		if err != nil {
			return 0, err
		}
		if fence, err = j.publish(ctx, page.SourceID, fence, msg); err != nil {
			return 0, err
		}
	}
	return fence, nil
}

// Fence appends an entry that carries nothing, so that whoever loaded the source
// before fails to append. It is called after a change of the source. Losing the
// race against an append is no error: it tries again until ctx ends.
//
// Errors: KindUnavailable; ctx's.
func (j *Journal) Fence(ctx context.Context, sourceID, reason string) error {
	if err := checkSource(sourceID); err != nil {
		return err
	}
	data, err := marshal.Marshal(&stored.Entry{Control: &stored.Control{Reason: reason}})
	if err != nil {
		return fmt.Errorf("encoding a control entry: %w", err)
	}
	for {
		last, err := j.lastOfSource(ctx, sourceID)
		if err != nil {
			return err
		}
		msg := newEntryMessage(controlSubject(sourceID), j.cfg.Now(), data)
		_, err = j.publish(ctx, sourceID, fenceOf(last), msg)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("fencing source %s: %w", sourceID, ctx.Err())
		case audit.IsKind(err, audit.KindUnavailable):
			return err
		case errors.Is(err, audit.ErrFenced), errors.Is(err, audit.ErrUnknownOutcome):
			// Once more: two control entries do no more than one.
		default:
			return err
		}
	}
}

// publish is the one way into the journal: every entry goes through it, with the
// same fence on the same spelling of the source's subjects. It returns the
// entry's sequence, which is the next fence.
func (j *Journal) publish(ctx context.Context, sourceID string, fence uint64, msg *nats.Msg) (uint64, error) {
	if err := j.cfg.Engine.Writable(); err != nil {
		return 0, unavailable(ctx, "appending to the journal", err)
	}
	limited, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	ack, err := j.js.PublishMsg(limited, msg,
		jetstream.WithExpectStream(streamName),
		jetstream.WithExpectLastSequenceForSubject(fence, sourceFilter(sourceID)),
		// Trying again is the caller's decision, after it has loaded the source.
		jetstream.WithRetryAttempts(0))
	if err == nil {
		j.announce(msg, ack.Sequence)
		return ack.Sequence, nil
	}
	err = appendError(ctx, err)
	if errors.Is(err, audit.ErrUnknownOutcome) {
		// A store that failed to write says nothing, and writes no more.
		if fault := j.cfg.Engine.Fault(streamName); fault != nil {
			return 0, unavailable(context.WithoutCancel(ctx), "appending to the journal", errors.Join(err, fault))
		}
	}
	return 0, err
}

// announce hands an entry that was stored to the tail, so that it need not be read
// from the store, and tells the tails of other processes that it is there.
func (j *Journal) announce(msg *nats.Msg, sequence uint64) {
	j.tail.offer(&message{subject: msg.Subject, seq: sequence, header: msg.Header, data: msg.Data})
	// One that does not come through costs tailIdle.
	_ = j.cfg.Engine.Conn().Publish(hintSubject, strconv.AppendUint(nil, sequence, 10))
}

func (j *Journal) limits() limits { return newLimits(j.cfg.MaxEntry) }
