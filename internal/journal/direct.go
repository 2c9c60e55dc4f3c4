package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	directPrefix = "$JS.API.DIRECT.GET."
	// directTimeout bounds one reading, once it is its turn: the store answers from
	// its own disk.
	directTimeout = 5 * time.Second
	// directAtOnce bounds the readings under way, and with them what the store
	// holds in memory for this process.
	directAtOnce = 8
)

// errTooMany says that a reading of last messages matches more subjects than the
// store hands out at once.
var errTooMany = errors.New("too many subjects for one reading")

// getRequest is the store's request for stored messages.
type getRequest struct {
	Seq       uint64     `json:"seq,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"`
	NextFor   string     `json:"next_by_subj,omitempty"`
	Batch     int        `json:"batch,omitempty"`
	MaxBytes  int        `json:"max_bytes,omitempty"`
	LastFor   string     `json:"last_by_subj,omitempty"`
	MultiLast []string   `json:"multi_last,omitempty"`
	UpTo      uint64     `json:"up_to_seq,omitempty"`
}

// answer is what the store gave for a request.
type answer struct {
	messages []message
	// pending counts the messages that match and did not fit.
	pending uint64
	// upTo is the journal's last sequence when last messages were looked for.
	upTo uint64
}

// direct reads stored messages without a cursor in the store. It has a
// connection of its own: the store reads from disk within the connection's turn,
// and appends must not wait for that.
type direct struct {
	conn *nats.Conn
	// slots has a place for each reading that may be under way.
	slots chan struct{}
}

func newDirect(conn *nats.Conn) *direct {
	return &direct{conn: conn, slots: make(chan struct{}, directAtOnce)}
}

// get sends the request and gathers the answer. Nothing found is an empty
// answer. For a request without last messages that is also the answer where the
// store cannot read the next message: it makes no difference between the two.
func (d *direct) get(ctx context.Context, stream string, req getRequest) (answer, error) {
	if err := d.turn(ctx); err != nil {
		return answer{}, err
	}
	defer d.leave()
	ctx, cancel := context.WithTimeoutCause(ctx, directTimeout, nats.ErrTimeout)
	defer cancel()
	body, err := json.Marshal(req)
	if err != nil {
		return answer{}, err
	}
	// Room for the whole answer and its end: the library drops what has no room.
	replies := make(chan *nats.Msg, req.Batch+1)
	inbox := d.conn.NewInbox()
	sub, err := d.conn.ChanSubscribe(inbox, replies)
	if err != nil {
		return answer{}, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // fails only on a closed connection, which ends it too
	if err := d.conn.PublishRequest(directPrefix+stream, inbox, body); err != nil {
		return answer{}, err
	}
	return gather(ctx, replies)
}

// turn waits for a place among the readings that may be under way.
func (d *direct) turn(ctx context.Context) error {
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (d *direct) leave() { <-d.slots }

// single sends a request that one message answers. errNotFound is also the answer
// where the store cannot read it.
func (d *direct) single(ctx context.Context, stream string, req getRequest) (message, error) {
	if err := d.turn(ctx); err != nil {
		return message{}, err
	}
	defer d.leave()
	ctx, cancel := context.WithTimeoutCause(ctx, directTimeout, nats.ErrTimeout)
	defer cancel()
	body, err := json.Marshal(req)
	if err != nil {
		return message{}, err
	}
	msg, err := d.conn.RequestWithContext(ctx, directPrefix+stream, body)
	if isContext(err) {
		err = context.Cause(ctx)
	}
	if err != nil {
		return message{}, err
	}
	if status := msg.Header.Get("Status"); status != "" {
		return message{}, refused(status, msg.Header.Get("Description"))
	}
	return newSingle(msg)
}

// gather takes the answer's messages until its end. Each names the one before
// it, so that one lost on the way is noticed.
func gather(ctx context.Context, replies <-chan *nats.Msg) (answer, error) {
	var got answer
	var last uint64
	for {
		var msg *nats.Msg
		select {
		case msg = <-replies:
		case <-ctx.Done():
			return answer{}, context.Cause(ctx)
		}
		if status := msg.Header.Get("Status"); status != "" {
			return got.end(msg.Header, status, last)
		}
		m, err := newMessage(msg)
		if err != nil {
			return answer{}, err
		}
		if m.previous != last {
			return answer{}, fmt.Errorf("the store's answer lacks a message between %d and %d", last, m.seq)
		}
		last = m.seq
		got.messages = append(got.messages, m)
	}
}

// end judges the message that ends an answer.
func (a *answer) end(h nats.Header, status string, last uint64) (answer, error) {
	if status != statusEnd {
		return answer{}, refused(status, h.Get("Description"))
	}
	var err [3]error
	var end uint64
	end, err[0] = number(h, "Nats-Last-Sequence")
	a.pending, err[1] = number(h, "Nats-Num-Pending")
	if h.Get("Nats-UpTo-Sequence") != "" {
		a.upTo, err[2] = number(h, "Nats-UpTo-Sequence")
	}
	if err := errors.Join(err[:]...); err != nil {
		return answer{}, err
	}
	if end != last {
		return answer{}, fmt.Errorf("the store's answer lacks messages after %d, up to %d", last, end)
	}
	return *a, nil
}

// statusEnd is the status of a message that ends an answer.
const statusEnd = "204"

// refused is what a status means that stands where messages should be; nil where
// there are none.
func refused(status, text string) error {
	switch status {
	case "404":
		// In a reading of last messages "Message Not Found" says that one which is
		// there cannot be read, and "No Results" that there is none. Otherwise only
		// the former is sent. See get.
		return notFound(text)
	case "413":
		return errTooMany
	case "503":
		return nats.ErrNoResponders
	default:
		return fmt.Errorf("the store answered %s %s", status, text)
	}
}

// errNotFound is the store's "Message Not Found".
var errNotFound = errors.New("the store does not find the message")

func notFound(text string) error {
	if text == "No Results" {
		return nil
	}
	return errNotFound
}

func number(h nats.Header, name string) (uint64, error) {
	n, err := strconv.ParseUint(h.Get(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the store's header %s: %w", name, err)
	}
	return n, nil
}

// next reads the journal's entries that match from a place on, empty where there
// is none, or where the next one cannot be read.
func (d *direct) next(ctx context.Context, req getRequest) (answer, error) {
	got, err := d.get(ctx, streamName, req)
	if errors.Is(err, errNotFound) {
		return answer{}, nil
	}
	return got, err
}
