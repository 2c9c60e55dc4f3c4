package grpcapi

import (
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

const (
	// batchBytes bounds the events and gaps of a message: a token and a page of a
	// heartbeat still fit under 1 MiB with them.
	batchBytes = 1<<20 - 64<<10
	// linger is how long events may wait for others that are known to be stored,
	// so that a replay goes out in full messages. Events after which nothing is
	// known to be stored do not wait.
	linger = 10 * time.Millisecond
	// maxHeld is how many times its own size a message may keep in memory: what is
	// picked of an entry is copied where it would keep more. gRPC holds messages for
	// callers who do not read, and few events of many entries would be all of them.
	maxHeld = 8
)

// eventBatch is what is gathered for the next message. Events are gathered as the
// bytes they are sent as: those that lie side by side are one run.
type eventBatch struct {
	maxEvents int
	events    int
	runs      [][]byte
	gaps      []*snykstreamv1.Gap
	size      int
	// since is when the first of them was gathered.
	since time.Time
	// full says that the next event must wait for the next message.
	full bool
	// from is where the last run begins in its entry, to where it ends: 0 where the
	// next event is not to join it.
	from, to int
	// begun is where the runs of the entry in hand begin, lent how many of their bytes
	// lie in it, and held how many it has.
	begun, lent, held int
}

// picked is what of an event, and of what follows it, is to be sent: nothing where
// the filter hides it.
type picked struct {
	// size is what the event takes in the message, 0 where it is not sent.
	size int
	// made is the event where it is not sent as it lies, as a field of the message.
	made []byte
	gaps []*snykstreamv1.Gap
}

// add gathers what was picked of the i-th event of an entry. Where it does not fit
// it gathers nothing, and the batch is full. What is too large for any message has
// one alone.
func (b *eventBatch) add(events wire.Section, i int, found picked) bool {
	size := found.size + sizeOf(found.gaps)
	if size == 0 {
		return true
	}
	if !b.empty() && b.size+size > batchBytes {
		b.full = true
		return false
	}
	if b.empty() {
		b.since = time.Now()
	}
	switch {
	case found.size == 0:
	case found.made != nil:
		b.run(found.made)
	case b.to == i && i > 0:
		b.to++
		b.runs[len(b.runs)-1] = events.Fields(b.from, b.to)
		b.lent += found.size
	default:
		b.run(events.Fields(i, i+1))
		b.from, b.to = i, i+1
		b.lent, b.held = b.lent+found.size, events.Held()
	}
	if found.size > 0 {
		b.events++
	}
	b.gaps = append(b.gaps, found.gaps...)
	b.size += size
	b.full = b.events >= b.maxEvents || b.size >= batchBytes
	return true
}

func (b *eventBatch) run(bytes []byte) { b.runs, b.to = append(b.runs, bytes), 0 }

func sizeOf(gaps []*snykstreamv1.Gap) int {
	size := 0
	for _, gap := range gaps {
		size += fieldSize(gap)
	}
	return size
}

// fieldSize is what the message takes in a repeated field with a number below 16.
func fieldSize(m proto.Message) int {
	return protowire.SizeTag(1) + protowire.SizeBytes(proto.Size(m))
}

func (b *eventBatch) empty() bool { return b.events == 0 && len(b.gaps) == 0 }

// overdue says that what is gathered has waited long enough.
func (b *eventBatch) overdue(now time.Time) bool {
	return !b.empty() && now.Sub(b.since) >= linger
}

// leave says that the entry in hand is done with.
func (b *eventBatch) leave() {
	b.letGo()
	b.to = 0
}

// letGo copies what is picked of the entry in hand where it is too little to keep
// the entry for.
func (b *eventBatch) letGo() {
	if b.lent > 0 && b.lent*maxHeld < b.held {
		b.runs = slices.Replace(b.runs, b.begun, len(b.runs), slices.Concat(b.runs[b.begun:]...))
	}
	b.begun, b.lent = len(b.runs), 0
}

// take empties the batch. What it returns is never written to again.
func (b *eventBatch) take() eventBatch {
	b.letGo()
	taken := *b
	*b = eventBatch{maxEvents: b.maxEvents}
	return taken
}

// message is the message with what is gathered.
func (b *eventBatch) message(rest *snykstreamv1.StreamEventsResponse) *encodedResponse {
	rest.Gaps = b.gaps
	return &encodedResponse{events: b.runs, rest: rest}
}
