package journal

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Headers of an entry: what a reader needs before decoding. They are on disk.
const (
	headerEvents = "Snykstream-Events"
	// The lowest and highest event time of the entry's events, in nanoseconds.
	headerFirst = "Snykstream-First"
	headerLast  = "Snykstream-Last"
	// When the entry was made, in nanoseconds.
	headerTime = "Snykstream-Time"
	// The entry's anchor: see audit.Position.
	headerPoll = "Snykstream-Poll"
	// Where the bytes of records too large for the entry lie.
	headerChunks = "Snykstream-Chunks"
)

const pollSize = 16

// message is a stored message as it was read.
type message struct {
	subject string
	seq     uint64
	// previous is the message before it in the same answer of the store.
	previous uint64
	// stored is the store's clock when the message was stored.
	stored time.Time
	header nats.Header
	data   []byte
}

// newMessage reads a message of an answer that has several.
func newMessage(msg *nats.Msg) (message, error) {
	previous, err := number(msg.Header, "Nats-Last-Sequence")
	if err != nil {
		return message{}, err
	}
	m, err := newSingle(msg)
	m.previous = previous
	return m, err
}

// newSingle reads a message that is an answer of its own.
func newSingle(msg *nats.Msg) (message, error) {
	m := message{subject: msg.Header.Get("Nats-Subject"), header: msg.Header, data: msg.Data}
	var err error
	if m.seq, err = number(msg.Header, "Nats-Sequence"); err != nil {
		return message{}, err
	}
	if m.stored, err = time.Parse(time.RFC3339Nano, msg.Header.Get("Nats-Time-Stamp")); err != nil {
		return message{}, fmt.Errorf("the store's time of message %d: %w", m.seq, err)
	}
	return m, nil
}

// anchor is the entry's poll id, nil where it has none.
func (m *message) anchor() []byte {
	id, err := hex.DecodeString(m.header.Get(headerPoll))
	if err != nil || len(id) != pollSize {
		return nil
	}
	return id
}

// events is the number of the entry's events.
func (m *message) events() int {
	n, err := strconv.Atoi(m.header.Get(headerEvents))
	if err != nil {
		return 0
	}
	return n
}

// when reads a header that holds a time. Zero: it is not set.
func (m *message) when(header string) time.Time {
	n, err := strconv.ParseInt(m.header.Get(header), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// size is what the message takes in memory, roughly.
func (m *message) size() int { return len(m.data) + 512 }
