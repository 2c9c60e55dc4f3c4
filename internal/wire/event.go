package wire

import (
	"slices"
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
	Readable                                bool
	Name, GroupID, OrgID, UserID, ProjectID []byte
	// Created and Content are told where NeedContent asks for them. Content is an
	// encoded google.protobuf.Struct, nil where the record has none.
	Created Time
	Content []byte

	// record is the member of the oneof that the event has, 0 for none.
	record protowire.Number
	need   Need
}

// IsGroup says that the record is a group's: a GroupAudit, not an OrgAudit.
func (f *Facts) IsGroup() bool { return f.record == eventGroupAudit }

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
	recordGroupID   protowire.Number = 1
	recordOrgID     protowire.Number = 2
	recordUserID    protowire.Number = 3
	recordProjectID protowire.Number = 4
	recordEvent     protowire.Number = 5
	recordCreated   protowire.Number = 6
	recordContent   protowire.Number = 7
)

// Tags of fields of bytes and of numbers, for the numbers below 16.
const (
	tagBytes  = byte(protowire.BytesType)
	tagVarint = byte(protowire.VarintType)
	// tagKind are the bits of a tag of one byte that tell its kind and that it is of
	// one byte.
	tagKind = 0x87
)

// Need says which facts are asked for beside those that cost next to nothing.
type Need uint8

// The facts that have encodings of their own to read.
const (
	// NeedEventTime asks for EventTime, NeedIngestTime for IngestTime.
	NeedEventTime Need = 1 << iota
	NeedIngestTime
	// NeedRecord asks for the record's name and ids. Readable is always told.
	NeedRecord
	// NeedContent asks for the record's Created and Content too.
	NeedContent
)

// Facts reads the event into f, but for Created and Content. The error is
// ErrDamaged's; f is then of no use.
func (e Event) Facts(f *Facts) error { return e.Some(f, NeedEventTime|NeedIngestTime|NeedRecord) }

// Some is Facts that reads only what is needed: the rest is as of an event that
// does not have it, and goes unread, damaged or not.
func (e Event) Some(f *Facts, need Need) error { //nolint:gocyclo // calls would cost what it is to save
	*f = Facts{need: need}
	for rest := []byte(e); len(rest) > 0; {
		// Most fields have a tag of one byte, and bytes a length of one: read here, since
		// every event of a filtered stream comes by.
		if tag := rest[0]; tag&tagKind == tagBytes && tag >= 8 && len(rest) > 1 && rest[1] < 0x80 {
			if end := 2 + int(rest[1]); end <= len(rest) {
				if err := f.takeBytes(protowire.Number(tag>>3), rest[2:end:end]); err != nil {
					return err
				}
				rest = rest[end:]
				continue
			}
		}
		if tag := rest[0]; tag&tagKind == tagVarint && tag >= 8 && len(rest) > 1 && rest[1] < 0x80 {
			f.takeNumber(protowire.Number(tag>>3), uint64(rest[1]))
			rest = rest[2:]
			continue
		}
		field, size := readField(rest)
		if size <= 0 {
			return damaged(size)
		}
		rest = rest[size:]
		switch field.Kind {
		case protowire.VarintType:
			f.takeNumber(field.Number, field.Bits)
		case protowire.BytesType:
			if err := f.takeBytes(field.Number, field.Bytes); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}

func (f *Facts) takeBytes(number protowire.Number, value []byte) error {
	switch number {
	case eventID:
		f.ID = value
	case eventSourceID:
		f.SourceID = value
	case eventTime:
		if f.need&NeedEventTime != 0 {
			return f.EventTime.merge(value)
		}
	case eventIngestTime:
		if f.need&NeedIngestTime != 0 {
			return f.IngestTime.merge(value)
		}
	case eventGroupAudit, eventOrgAudit:
		return f.mergeRecord(number, value)
	case eventRawJSON, eventRawBytes:
		f.Raw = value
	case eventFeed:
		f.Feed = value
	default:
	}
	return nil
}

func (f *Facts) takeNumber(number protowire.Number, value uint64) {
	switch number {
	case eventLogType:
		f.LogType = snykstreamv1.LogType(value) //nolint:gosec // as decoding does
	case eventCategory:
		f.Category = snykstreamv1.EventCategory(value) //nolint:gosec // the same
	case eventOrigin:
		f.Origin = snykstreamv1.Origin(value) //nolint:gosec // the same
	case eventSequence:
		f.Sequence = value
	default:
	}
}

// mergeRecord reads a member of the oneof, which takes the place of the other one.
func (f *Facts) mergeRecord(member protowire.Number, data []byte) error {
	if f.record != member {
		f.record, f.Readable = member, true
		f.Name, f.GroupID, f.OrgID, f.UserID, f.ProjectID = nil, nil, nil, nil, nil
		f.Created, f.Content = Time{}, nil
	}
	if f.need&(NeedRecord|NeedContent) == 0 {
		return nil
	}
	for rest := data; len(rest) > 0; {
		var number protowire.Number
		var value []byte
		if tag := rest[0]; tag&tagKind == tagBytes && tag >= 8 && len(rest) > 1 && rest[1] < 0x80 && 2+int(rest[1]) <= len(rest) {
			end := 2 + int(rest[1])
			number, value, rest = protowire.Number(tag>>3), rest[2:end:end], rest[end:]
		} else {
			field, size := readField(rest)
			if size <= 0 {
				return damaged(size)
			}
			rest = rest[size:]
			if field.Kind != protowire.BytesType {
				continue
			}
			number, value = field.Number, field.Bytes
		}
		if err := f.takeOfRecord(number, value); err != nil {
			return err
		}
	}
	return nil
}

func (f *Facts) takeOfRecord(number protowire.Number, value []byte) error {
	switch number {
	case recordGroupID:
		f.GroupID = value
	case recordOrgID:
		f.OrgID = value
	case recordUserID:
		f.UserID = value
	case recordProjectID:
		f.ProjectID = value
	case recordEvent:
		f.Name = value
	case recordCreated, recordContent:
		return f.takeContent(number, value)
	default:
	}
	return nil
}

func (f *Facts) takeContent(number protowire.Number, value []byte) error {
	switch {
	case f.need&NeedContent == 0:
		return nil
	case number == recordCreated:
		return f.Created.merge(value)
	case f.Content == nil:
		f.Content = value
	default: // encodings one after the other are that of the merged message
		f.Content = append(slices.Clip(f.Content), value...)
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
		if field.Kind != protowire.VarintType {
			continue
		}
		switch field.Number {
		case timeSeconds:
			t.Seconds = int64(field.Bits) //nolint:gosec // as decoding does
		case timeNanos:
			t.Nanos = int32(field.Bits) //nolint:gosec // the same
		default:
		}
	}
	return nil
}
