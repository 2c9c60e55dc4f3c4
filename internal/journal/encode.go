package journal

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
	"github.com/snykstream/snykstream/internal/wire"
)

const (
	// headerRoom is kept free in a message for the headers of an entry.
	headerRoom = 16 << 10
	// fieldOverhead is the most that a field's number and length take.
	fieldOverhead = 8
)

var marshal = proto.MarshalOptions{Deterministic: true}

// record is a record in the form that it is stored in.
type record struct {
	event []byte
	raw   []byte
	// large are bytes too many for the entry. They go into entries of their own.
	large []byte

	id   string
	time time.Time
}

// size is what the record takes in an entry.
func (r *record) size() int { return len(r.event) + len(r.raw) + 2*fieldOverhead }

// part is what becomes one entry.
type part struct {
	records []record
	state   audit.FeedState
	gaps    []*snykstreamv1.Gap
	// chunks are the sequences of the chunk entries of large records.
	chunks []chunkRef
}

// encode makes the entry's bytes: the events first, one field after the other,
// so that a reader may pass that section on as it lies.
func (p *part) encode() ([]byte, error) {
	rest, err := marshal.Marshal(&stored.Entry{State: storeState(&p.state), Gaps: p.gaps})
	if err != nil {
		return nil, fmt.Errorf("encoding a feed's state: %w", err)
	}
	size := len(rest)
	for i := range p.records {
		// Raw records are mostly packed to a quarter or less.
		size += len(p.records[i].event) + len(p.records[i].raw)/4 + fieldOverhead
	}
	out := make([]byte, 0, size)
	for i := range p.records {
		out = wire.AppendEvent(out, p.records[i].event, nil)
	}
	raws := make([][]byte, 0, len(p.records))
	for i := range p.records {
		raws = append(raws, p.records[i].raw)
	}
	return append(wire.AppendRaws(out, raws), rest...), nil
}

// message makes the entry's message, without the fence.
func (p *part) message(subject string, now time.Time) (*nats.Msg, error) {
	data, err := p.encode()
	if err != nil {
		return nil, err
	}
	msg := newEntryMessage(subject, now, data)
	msg.Header.Set(headerEvents, strconv.Itoa(len(p.records)))
	if first, last, ok := p.span(); ok {
		msg.Header.Set(headerFirst, nanos(first))
		msg.Header.Set(headerLast, nanos(last))
	}
	if len(p.chunks) > 0 {
		msg.Header.Set(headerChunks, formatChunks(p.chunks))
	}
	return msg, nil
}

// span returns the lowest and highest event time; false if no event has one.
func (p *part) span() (first, last time.Time, ok bool) {
	for i := range p.records {
		t := p.records[i].time
		if t.IsZero() {
			continue
		}
		if !ok || t.Before(first) {
			first = t
		}
		if !ok || t.After(last) {
			last = t
		}
		ok = true
	}
	return first, last, ok
}

// newEntryMessage makes a message with the headers that every entry has.
func newEntryMessage(subject string, now time.Time, data []byte) *nats.Msg {
	msg := nats.NewMsg(subject)
	msg.Data = data
	poll := make([]byte, pollSize)
	_, _ = rand.Read(poll) // never fails
	msg.Header.Set(headerPoll, hex.EncodeToString(poll))
	msg.Header.Set(headerTime, nanos(now))
	return msg
}

// nanos writes a time as nanoseconds from 1970, the nearest there are for a time
// that is too far away.
func nanos(t time.Time) string {
	n := t.UnixNano()
	switch year := t.Year(); {
	case year < 1678:
		n = math.MinInt64
	case year > 2261:
		n = math.MaxInt64
	}
	return strconv.FormatInt(n, 10)
}
