package journal

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
	"github.com/snykstream/snykstream/internal/wire"
)

// decode makes the entry that readers see. It shares memory with the
// message.
func decode(m *message) (*audit.Entry, error) {
	sourceID, token, err := splitSubject(m.subject)
	if err != nil {
		return nil, err
	}
	entry := &audit.Entry{
		Sequence:   m.seq,
		Anchor:     m.anchor(),
		IngestTime: m.when(headerTime),
		SourceID:   sourceID,
	}
	if token == controlToken || token == chunkToken {
		return entry, nil
	}
	if entry.Feed, err = audit.ParseFeed(token); err != nil {
		return nil, err
	}
	if err := decodeRecords(m, entry); err != nil {
		return nil, fmt.Errorf("decoding entry %d: %w", m.seq, err)
	}
	return entry, nil
}

// decodeRecords takes the entry's events as they lie. Only state and gaps, which
// are small, are decoded.
func decodeRecords(m *message, entry *audit.Entry) error {
	events, rest, err := wire.Cut(m.data, m.events())
	if err != nil {
		return err
	}
	// Whoever reads the entry may rely on this: one damaged event is the loss of its
	// entry, and no stream stands still at it.
	for i := range events.Len() {
		var facts wire.Facts
		if err := events.Event(i).Facts(&facts); err != nil {
			return err
		}
	}
	var tail stored.Entry
	if err := proto.Unmarshal(rest, &tail); err != nil {
		return err
	}
	if len(tail.GetEvents()) > 0 || len(tail.GetRaw()) > 0 || len(tail.GetPackedRaw()) > 0 {
		return fmt.Errorf("%w: events after what follows them", wire.ErrDamaged)
	}
	if tail.GetState() != nil {
		state := loadState(tail.GetState())
		entry.State = &state
	}
	entry.Events, entry.Gaps = events, tail.GetGaps()
	return nil
}
