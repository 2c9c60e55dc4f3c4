package journal

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// decode makes the entry that readers see. Raw bytes share memory with the
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

// decodeRecords decodes the entry's bytes. Only state and gaps, which are small,
// go through the entry's own message.
func decodeRecords(m *message, entry *audit.Entry) error {
	entry.Records = make([]audit.Record, 0, m.events())
	var raws [][]byte
	rest := m.data
	for len(rest) > 0 {
		f, size := readField(rest)
		if size < 0 {
			return errCut
		}
		switch f.number {
		case fieldEvents:
			event := &snykstreamv1.Event{}
			if err := proto.Unmarshal(f.bytes, event); err != nil {
				return err
			}
			entry.Records = append(entry.Records, audit.Record{Event: event})
		case fieldRaw:
			raws = append(raws, f.bytes)
		default:
			return decodeRest(rest, entry, raws)
		}
		rest = rest[size:]
	}
	return decodeRest(nil, entry, raws)
}

func decodeRest(rest []byte, entry *audit.Entry, raws [][]byte) error {
	var tail stored.Entry
	if err := proto.Unmarshal(rest, &tail); err != nil {
		return err
	}
	if len(tail.GetEvents()) > 0 || len(tail.GetRaw()) > 0 || len(raws) != len(entry.Records) {
		return fmt.Errorf("%w: %d events, %d raw records", errCut, len(entry.Records), len(raws))
	}
	for i, raw := range raws {
		if len(raw) > 0 {
			entry.Records[i].Raw = raw
		}
	}
	if tail.GetState() != nil {
		state := loadState(tail.GetState())
		entry.State = &state
	}
	entry.Gaps = tail.GetGaps()
	return nil
}
