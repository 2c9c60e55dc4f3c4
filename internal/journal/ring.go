package journal

import (
	"log/slog"
	"sync"

	"github.com/snykstream/snykstream/internal/audit"
)

// Bounds of what the tail keeps for readers that are nearly there.
const (
	ringEntries = 256
	ringBytes   = 8 << 20
)

// slot is an entry that the tail keeps. It is decoded once, by whoever wants it
// first.
type slot struct {
	size int
	seq  uint64

	once    sync.Once
	message *message
	entry   *audit.Entry
}

func (s *slot) get(log *slog.Logger) *audit.Entry {
	s.once.Do(func() {
		s.entry = decodeOrLose(s.message, log)
		s.message = nil
	})
	return s.entry
}

// ring is the newest entries: those in (head-len(slots), head]. It never has a
// hole.
type ring struct {
	slots []*slot
	size  int
	// head is the last sequence passed, whether its entry is kept or not.
	head uint64
}

// at returns the slot of a sequence, nil if it is not kept.
func (r *ring) at(sequence uint64) *slot {
	first := r.head - uint64(len(r.slots)) + 1
	if sequence < first || sequence > r.head {
		return nil
	}
	return r.slots[sequence-first]
}

// add appends an entry. One that does not follow the head starts the ring anew.
func (r *ring) add(m *message) {
	if m.seq != r.head+1 {
		r.reset(m.seq - 1)
	}
	s := &slot{message: m, seq: m.seq, size: m.size()}
	r.slots, r.size, r.head = append(r.slots, s), r.size+s.size, m.seq
	for len(r.slots) > 1 && (len(r.slots) > ringEntries || r.size > ringBytes) {
		r.size -= r.slots[0].size
		// Let go of the entry, which the array behind the slice would keep.
		r.slots[0] = nil
		r.slots = r.slots[1:]
	}
}

// reset empties the ring and moves its head.
func (r *ring) reset(head uint64) { *r = ring{head: head} }
