package journal

import (
	"slices"
	"testing"

	"github.com/snykstream/snykstream/internal/audit"
)

// kept are the sequences that the tail has for its readers.
func (t *tail) kept() []uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []uint64
	for _, s := range t.ring.slots {
		out = append(out, s.seq)
	}
	return out
}

func TestTailTakesAppendsInAnyOrder(t *testing.T) {
	handed := func(sequence uint64) *message { return &message{seq: sequence} }
	read := func(sequences ...uint64) []message {
		var out []message
		for _, n := range sequences {
			out = append(out, message{seq: n})
		}
		return out
	}
	tests := map[string]struct {
		do   func(*tail)
		want []uint64
	}{
		"in order":   {func(tl *tail) { tl.offer(handed(11)); tl.offer(handed(12)) }, []uint64{11, 12}},
		"in reverse": {func(tl *tail) { tl.offer(handed(13)); tl.offer(handed(12)); tl.offer(handed(11)) }, []uint64{11, 12, 13}},
		"one is missing": {
			func(tl *tail) { tl.offer(handed(11)); tl.offer(handed(13)) }, []uint64{11},
		},
		"the missing one is read": {
			func(tl *tail) { tl.offer(handed(12)); tl.offer(handed(13)); tl.add(read(11)) }, []uint64{11, 12, 13},
		},
		"handed over while they were read": {
			func(tl *tail) { tl.offer(handed(11)); tl.offer(handed(12)); tl.add(read(11, 12, 13)) }, []uint64{11, 12, 13},
		},
		"twice":      {func(tl *tail) { tl.offer(handed(11)); tl.offer(handed(11)) }, []uint64{11}},
		"old":        {func(tl *tail) { tl.offer(handed(11)); tl.offer(handed(3)) }, []uint64{11}},
		"passed":     {func(tl *tail) { tl.offer(handed(12)); tl.skip(11) }, []uint64{12}},
		"not passed": {func(tl *tail) { tl.offer(handed(11)); tl.skip(10) }, []uint64{11}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tl := newTail()
			tl.begin(10)
			test.do(tl)
			if got := tl.kept(); !slices.Equal(got, test.want) {
				t.Errorf("the tail has %v, want %v", got, test.want)
			}
			if n := len(tl.early); n > 0 && name != "one is missing" {
				t.Errorf("%d entries wait for nothing", n)
			}
		})
	}
	t.Run("many wait", func(t *testing.T) {
		tl := newTail()
		tl.begin(10)
		for n := range uint64(1000) {
			tl.offer(handed(20 + n))
		}
		if n := len(tl.early); n > maxEarly {
			t.Errorf("%d entries wait", n)
		}
	})
	t.Run("large ones wait", func(t *testing.T) {
		tl := newTail()
		tl.begin(10)
		for n := range uint64(maxEarly) {
			tl.offer(&message{seq: 20 + n, data: make([]byte, ringBytes/4)})
		}
		if size := tl.earlySize(); size > 2*ringBytes {
			t.Errorf("%d bytes wait", size)
		}
	})
	t.Run("before it starts", func(t *testing.T) {
		tl := newTail()
		tl.offer(handed(1))
		if got := tl.kept(); got != nil {
			t.Errorf("the tail has %v before it knows where the journal ends", got)
		}
	})
}

// What other processes append comes as well, and in order with one's own.
func TestTailOfTwoWriters(t *testing.T) {
	s := newStore(t)
	s.tailing(t)
	other, err := connect(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	own := s.writer(t, feedA)
	theirs := (&store{Journal: other, engine: s.engine}).writer(t, feedB)
	theirs.id = "other-source"
	r := s.Read(audit.Position{})
	defer r.Close()
	for n := range uint64(50) {
		w := own
		if n%3 == 0 {
			w = theirs
		}
		w.mustAppend(t, 1)
		if e, err := r.Next(t.Context()); err != nil || e.Sequence != n+1 || e.SourceID != w.id {
			t.Fatalf("got %+v, %v, want entry %d of %s", e, err, n+1, w.id)
		}
	}
}
