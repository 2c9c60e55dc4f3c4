package journal

import (
	"context"
	"errors"
	"log/slog"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// maxProbes bounds the search for the next readable entry after one that the
// store cannot read.
const maxProbes = 1000

// lost is the entry that readers see for sequences that should hold entries and
// do not. It is not recoverable: what of it Snyk still shows is stored already,
// as far as the ledgers say.
func lost(through uint64) *audit.Entry {
	return &audit.Entry{
		Sequence: through,
		Gaps:     []*snykstreamv1.Gap{{Reason: audit.GapJournalLoss}},
	}
}

// decodeOrLose decodes an entry. One that cannot be decoded is a loss: reported,
// and no reason to stand still.
func decodeOrLose(m *message, log *slog.Logger) *audit.Entry {
	entry, err := decode(m)
	if err == nil {
		return entry
	}
	log.Error("journal entry is damaged", slog.Uint64("sequence", m.seq), slog.Any("error", err))
	out := lost(m.seq)
	out.Anchor, out.IngestTime = m.anchor(), m.when(headerTime)
	return out
}

// verdict is what became of an entry that a reading did not find.
type verdict int

const (
	// notYet: nothing has been stored there.
	notYet verdict = iota
	// appeared: it has been stored since, and is to be read again.
	appeared
	// missing: it was stored, and is gone.
	missing
)

// explain judges that a reading found no entry at want but one at found, or none
// at all where found is 0. Of a hole it returns the last missing sequence.
//
// Errors: KindOutOfRange with TOKEN_EXPIRED where retention has passed want;
// KindUnavailable; ctx's.
func (j *Journal) explain(ctx context.Context, want, found uint64) (verdict, uint64, error) {
	x, err := j.extent(ctx)
	switch {
	case err != nil:
		return 0, 0, err
	case want > x.last && found == 0:
		return notYet, 0, nil
	case want > x.last:
		return 0, 0, unavailable(ctx, "reading the journal", errors.New("the store contradicts itself about the journal's end"))
	case want < x.first:
		return 0, 0, j.expired(ctx)
	}
	if found == 0 {
		// It may have been stored between the reading and the look at the end.
		if found, err = j.probe(ctx, want, x.last); err != nil {
			return 0, 0, err
		}
		if found == want {
			return appeared, 0, nil
		}
	}
	j.cfg.Log.ErrorContext(ctx, "journal entries are missing",
		slog.Uint64("first", want), slog.Uint64("last", found-1))
	return missing, found - 1, nil
}

// probe looks for the next entry that can be read, from a sequence up to the last
// one. An unreadable entry hides what is behind it from a reading that starts at
// or before it, so each sequence is tried. It returns last+1 if none is found.
func (j *Journal) probe(ctx context.Context, from, last uint64) (uint64, error) {
	for seq := from; seq <= min(last, from+maxProbes); seq++ {
		got, err := j.direct.next(ctx, getRequest{Seq: seq, Batch: 1})
		if err != nil {
			return 0, unavailable(ctx, "reading the journal", err)
		}
		if len(got.messages) > 0 {
			return got.messages[0].seq, nil
		}
	}
	return last + 1, nil
}
