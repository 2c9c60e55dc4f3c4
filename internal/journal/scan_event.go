package journal

import (
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

	recordOrgID protowire.Number = 2
	recordEvent protowire.Number = 5
)

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

// names keeps one copy of each of the few names that repeat in every event.
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
