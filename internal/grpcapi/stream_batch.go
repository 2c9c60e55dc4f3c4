package grpcapi

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// batchBytes bounds the events and gaps of a message: a token and a page of a
	// heartbeat still fit under 1 MiB with them.
	batchBytes = 1<<20 - 64<<10
	// maxRawEvent bounds an event with its raw bytes: a message with it stays
	// under the 4 MiB that clients take by default, with room to spare.
	maxRawEvent = 7 << 19
	// linger is how long events may wait for others that are known to be stored,
	// so that a replay goes out in full messages. Events after which nothing is
	// known to be stored do not wait.
	linger = 10 * time.Millisecond
)

// eventBatch is what is gathered for the next message.
type eventBatch struct {
	maxEvents int
	events    []*snykstreamv1.Event
	gaps      []*snykstreamv1.Gap
	size      int
	// since is when the first of them was gathered.
	since time.Time
	// full says that the next event must wait for the next message.
	full bool
}

// add gathers an event, or none, and gaps. Where they do not fit it gathers
// nothing, and the batch is full. What is too large for any message has one alone.
func (b *eventBatch) add(event *snykstreamv1.Event, gaps []*snykstreamv1.Gap) bool {
	var size int
	if event != nil {
		size += fieldSize(event)
	}
	for _, gap := range gaps {
		size += fieldSize(gap)
	}
	if !b.empty() && size > 0 && b.size+size > batchBytes {
		b.full = true
		return false
	}
	if b.empty() && size > 0 {
		b.since = time.Now()
	}
	if event != nil {
		b.events = append(b.events, event)
	}
	b.gaps = append(b.gaps, gaps...)
	b.size += size
	b.full = len(b.events) >= b.maxEvents || b.size >= batchBytes
	return true
}

// fieldSize is what the message takes in a repeated field with a number below 16.
func fieldSize(m proto.Message) int {
	return protowire.SizeTag(1) + protowire.SizeBytes(proto.Size(m))
}

func (b *eventBatch) empty() bool { return len(b.events) == 0 && len(b.gaps) == 0 }

// overdue says that what is gathered has waited long enough.
func (b *eventBatch) overdue(now time.Time) bool {
	return !b.empty() && now.Sub(b.since) >= linger
}

// take empties the batch. What it returns is never written to again.
func (b *eventBatch) take() ([]*snykstreamv1.Event, []*snykstreamv1.Gap) {
	events, gaps := b.events, b.gaps
	*b = eventBatch{maxEvents: b.maxEvents}
	return events, gaps
}

// consider walks through the entry in hand until it is done or the batch is full.
// The entry's gaps belong to its end: a position after its last record is after
// them too.
func (s *eventStream) consider() {
	for !s.batch.full {
		var event *snykstreamv1.Event
		var gaps []*snykstreamv1.Gap
		if s.next < len(s.entry.Records) {
			event = s.pick(s.entry.Records[s.next])
		}
		after := s.next + 1
		if after >= len(s.entry.Records) {
			gaps = s.entry.Gaps
		}
		if !s.batch.add(event, gaps) {
			return
		}
		s.moveTo(after)
		if after >= len(s.entry.Records) {
			s.finishEntry()
			return
		}
	}
}

// moveTo moves the position to after n of the entry's records. An entry without
// an anchor, such as one that is lost, leaves the position's anchor as it was.
func (s *eventStream) moveTo(n int) {
	at := s.entry.After(n)
	if len(at.Anchor) == 0 {
		at.AnchorSequence, at.Anchor = s.pos.AnchorSequence, s.pos.Anchor
	}
	if s.next < len(s.entry.Records) {
		s.met.passEvent(s.entry.Records[s.next].Event)
		s.pulse.events++
	}
	s.pos, s.next = at, n
}

func (s *eventStream) finishEntry() {
	s.met.passEntry(s.entry)
	s.pulse.entries++
	s.entry, s.met = nil, nil
}

// pick is the event as it is sent, nil where the filter hides it. Records are
// shared between streams: what is added is added to a copy.
func (s *eventStream) pick(record audit.Record) *snykstreamv1.Event {
	if !s.ask.plan.Match(record.Event) {
		return nil
	}
	if !s.ask.raw {
		return record.Event
	}
	if len(record.Raw) == 0 {
		return withoutRaw(record.Event)
	}
	event := audit.AttachRaw(record.Event, record.Raw)
	if proto.Size(event) > maxRawEvent {
		event.RawJson, event.RawBytes, event.Truncated = "", nil, true
	}
	return event
}

// withoutRaw is an event whose raw bytes were asked for and are not with it. One
// that could not be read carries them itself; of any other they were too many to be
// stored beside it.
func withoutRaw(event *snykstreamv1.Event) *snykstreamv1.Event {
	if event.GetTruncated() || event.GetRawJson() != "" || len(event.GetRawBytes()) > 0 {
		return event
	}
	event = proto.CloneOf(event)
	event.Truncated = true
	return event
}
