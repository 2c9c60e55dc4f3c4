package journal

import (
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/snykstream/snykstream/internal/audit"
)

// Field numbers of snykstreamv1.Event and of its records that a scan reads.
const (
	eventID         protowire.Number = 1
	eventTime       protowire.Number = 4
	eventIngestTime protowire.Number = 5
	eventGroupAudit protowire.Number = 7
	eventOrgAudit   protowire.Number = 8
	eventSequence   protowire.Number = 13
	eventRawJSON    protowire.Number = 14
	eventRawBytes   protowire.Number = 17

	recordOrgID     protowire.Number = 2
	recordUserID    protowire.Number = 3
	recordProjectID protowire.Number = 4
	recordEvent     protowire.Number = 5
)

// storedRecord is a record as it lies in an entry.
type storedRecord struct{ event, raw []byte }

// storedRecords walks over the records of an entry: the events come first, then
// the raw bytes of each. After an error there is nothing more.
func storedRecords(data []byte) iter.Seq2[storedRecord, error] {
	return func(yield func(storedRecord, error) bool) {
		events, raws := data, data
		for ok := true; ok; {
			var err error
			if _, raws, ok, err = cut(raws, fieldEvents); err != nil {
				yield(storedRecord{}, err)
				return
			}
		}
		for {
			event, rest, more, err := cut(events, fieldEvents)
			if err != nil || !more {
				return // the events were walked over once already
			}
			var r storedRecord
			var ok bool
			if r.raw, raws, ok, err = cut(raws, fieldRaw); err == nil && !ok {
				err = fmt.Errorf("%w: an event has no place for its bytes", errCut)
			}
			r.event, events = event, rest
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// cut takes the first field off data if it has the number.
func cut(data []byte, number protowire.Number) (value, rest []byte, ok bool, err error) {
	if len(data) == 0 {
		return nil, nil, false, nil
	}
	f, size := readField(data)
	if size < 0 {
		return nil, nil, false, fmt.Errorf("%w: %w", errCut, protowire.ParseError(size))
	}
	if f.number != number {
		return nil, data, false, nil
	}
	return f.bytes, data[size:], true, nil
}

// event reads what a scan tells out of an encoded event, and its ordinal.
func (s *scan) event(data []byte) (out audit.StoredEvent, ordinal uint64, err error) {
	for f, err := range fields(data) {
		if err != nil {
			return out, 0, err
		}
		switch f.number {
		case eventID:
			out.ID = string(f.bytes)
		case eventTime:
			out.EventTime, err = readTime(f.bytes)
		case eventIngestTime:
			out.IngestTime, err = readTime(f.bytes)
		case eventGroupAudit, eventOrgAudit:
			err = s.record(f.bytes, &out)
		case eventSequence:
			ordinal = f.varint
		case eventRawJSON, eventRawBytes:
			out.Raw = f.bytes
		default:
		}
		if err != nil {
			return out, 0, err
		}
	}
	return out, ordinal, nil
}

func (s *scan) record(data []byte, out *audit.StoredEvent) error {
	for f, err := range fields(data) {
		if err != nil {
			return err
		}
		switch f.number {
		case recordOrgID:
			out.OrgID = s.names.get(f.bytes)
		case recordUserID:
			out.UserID = s.names.get(f.bytes)
		case recordProjectID:
			out.ProjectID = s.names.get(f.bytes)
		case recordEvent:
			out.Name = s.names.get(f.bytes)
		default:
		}
	}
	return nil
}

// readTime reads an encoded timestamp.
func readTime(data []byte) (time.Time, error) {
	var seconds, nanos uint64
	for f, err := range fields(data) {
		if err != nil {
			return time.Time{}, err
		}
		switch f.number {
		case 1:
			seconds = f.varint
		case 2:
			nanos = f.varint
		default:
		}
	}
	// Two's complement is how the encoding has negative numbers.
	return time.Unix(int64(seconds), int64(nanos)).UTC(), nil
}

// names keeps one copy of each of the names and ids that repeat in most events.
type names map[string]string

// maxNames bounds them: names are what Snyk sends.
const maxNames = 4096

func (n *names) get(data []byte) string {
	if name, ok := (*n)[string(data)]; ok {
		return name
	}
	if *n == nil || len(*n) >= maxNames {
		*n = names{}
	}
	name := string(data)
	(*n)[name] = name
	return name
}
