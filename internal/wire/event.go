package wire

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Event is an encoded snykstream.v1.Event.
type Event []byte

// Facts are what an event says of itself. Slices share memory with the event.
type Facts struct {
	ID, SourceID, Feed []byte
	LogType            snykstreamv1.LogType
	Origin             snykstreamv1.Origin
	Category           snykstreamv1.EventCategory
	Sequence           uint64
	// EventTime and IngestTime are zero where the event has none.
	EventTime, IngestTime Time
	// Raw is raw_json or raw_bytes: on most events, neither.
	Raw []byte
	// Readable says that the event has a record; the fields after it are the
	// record's, and empty without one.
	Readable                       bool
	Name, OrgID, UserID, ProjectID []byte

	// record is the member of the oneof that the event has, 0 for none.
	record protowire.Number
}

// Time is an encoded timestamp.
type Time struct {
	Seconds int64
	Nanos   int32
	// Set tells the time 1970-01-01T00:00:00Z from none.
	Set bool
}

// Time is the time, zero where it is not set.
func (t Time) Time() time.Time {
	if !t.Set {
		return time.Time{}
	}
	return time.Unix(t.Seconds, int64(t.Nanos)).UTC()
}

// Field numbers of snykstream.v1.Event that Facts tells of.
const (
	eventID         protowire.Number = 1
	eventSourceID   protowire.Number = 2
	eventLogType    protowire.Number = 3
	eventTime       protowire.Number = 4
	eventIngestTime protowire.Number = 5
	eventCategory   protowire.Number = 6
	eventGroupAudit protowire.Number = 7
	eventOrgAudit   protowire.Number = 8
	eventSequence   protowire.Number = 13
	eventRawJSON    protowire.Number = 14
	eventFeed       protowire.Number = 15
	eventOrigin     protowire.Number = 16
	eventRawBytes   protowire.Number = 17
	eventTruncated  protowire.Number = 18
)

// Field numbers of the records, the same in both.
const (
	recordOrgID     protowire.Number = 2
	recordUserID    protowire.Number = 3
	recordProjectID protowire.Number = 4
	recordEvent     protowire.Number = 5
)

// Facts reads the event into f. The error is ErrDamaged's; f is then of no use.
func (e Event) Facts(f *Facts) error {
	*f = Facts{}
	for rest := []byte(e); len(rest) > 0; {
		field, size := readField(rest)
		if size <= 0 {
			return damaged(size)
		}
		rest = rest[size:]
		if err := f.take(field); err != nil {
			return err
		}
	}
	return nil
}

func (f *Facts) take(field field) error {
	if field.kind == protowire.VarintType {
		f.takeNumber(field)
		return nil
	}
	if field.kind != protowire.BytesType {
		return nil
	}
	switch field.number {
	case eventID:
		f.ID = field.bytes
	case eventSourceID:
		f.SourceID = field.bytes
	case eventTime:
		return f.EventTime.merge(field.bytes)
	case eventIngestTime:
		return f.IngestTime.merge(field.bytes)
	case eventGroupAudit, eventOrgAudit:
		return f.mergeRecord(field)
	case eventRawJSON, eventRawBytes:
		f.Raw = field.bytes
	case eventFeed:
		f.Feed = field.bytes
	default:
	}
	return nil
}

func (f *Facts) takeNumber(field field) {
	switch field.number {
	case eventLogType:
		f.LogType = snykstreamv1.LogType(field.varint) //nolint:gosec // as decoding does
	case eventCategory:
		f.Category = snykstreamv1.EventCategory(field.varint) //nolint:gosec // the same
	case eventOrigin:
		f.Origin = snykstreamv1.Origin(field.varint) //nolint:gosec // the same
	case eventSequence:
		f.Sequence = field.varint
	default:
	}
}

// mergeRecord reads a member of the oneof, which takes the place of the other one.
func (f *Facts) mergeRecord(member field) error {
	if f.record != member.number {
		f.record, f.Readable = member.number, true
		f.Name, f.OrgID, f.UserID, f.ProjectID = nil, nil, nil, nil
	}
	for rest := member.bytes; len(rest) > 0; {
		field, size := readField(rest)
		if size <= 0 {
			return damaged(size)
		}
		rest = rest[size:]
		if field.kind != protowire.BytesType {
			continue
		}
		switch field.number {
		case recordOrgID:
			f.OrgID = field.bytes
		case recordUserID:
			f.UserID = field.bytes
		case recordProjectID:
			f.ProjectID = field.bytes
		case recordEvent:
			f.Name = field.bytes
		default:
		}
	}
	return nil
}

// Field numbers of google.protobuf.Timestamp.
const (
	timeSeconds protowire.Number = 1
	timeNanos   protowire.Number = 2
)

func (t *Time) merge(data []byte) error {
	t.Set = true
	for rest := data; len(rest) > 0; {
		field, size := readField(rest)
		if size <= 0 {
			return damaged(size)
		}
		rest = rest[size:]
		if field.kind != protowire.VarintType {
			continue
		}
		switch field.number {
		case timeSeconds:
			t.Seconds = int64(field.varint) //nolint:gosec // as decoding does
		case timeNanos:
			t.Nanos = int32(field.varint) //nolint:gosec // the same
		default:
		}
	}
	return nil
}
