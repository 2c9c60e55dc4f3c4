package collect_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/snyksim"
)

// crash ends the collector as a kill does: from one moment on nothing reaches the
// journal any more, the last checkpoint included.
func (s *scene) crash() {
	s.journal.fail(func(j *memoryJournal) { j.down = errors.New("killed") })
	s.stop()
	s.journal.fail(func(j *memoryJournal) { j.down = nil })
}

// TestCrash: whenever the collector is killed, what it has not stored is read
// again, and what it has stored is not.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, snyksim.Config{Seed: 7}, newMemoryJournal(7, 0))
		dice := rand.New(rand.NewPCG(7, 7))
		s.sim.Generate(s.org.ID, snyksim.History{Records: 1500})
		for range 40 {
			s.start()
			s.emit(dice)
			// Often within the history, often long enough for a checkpoint.
			wait(time.Duration(dice.Int64N(int64(200 * time.Millisecond))))
			if dice.IntN(4) == 0 {
				wait(time.Duration(dice.Int64N(int64(2 * time.Minute))))
			}
			s.crash()
			wait(time.Duration(dice.Int64N(int64(time.Minute))))
			if dice.IntN(8) == 0 {
				wait(20 * time.Minute)
			}
		}
		s.start()
		wait(5 * time.Minute)
		s.stop()
		s.exact()
	})
}
