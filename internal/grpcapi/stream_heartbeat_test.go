package grpcapi_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// beats are the heartbeats.
func beats(got []arrival) []arrival {
	return slices.DeleteFunc(slices.Clone(got), func(m arrival) bool { return m.GetHeartbeat() == nil })
}

// times are the times of messages.
func times(got []arrival) []time.Duration {
	var out []time.Duration
	for _, m := range got {
		out = append(out, m.at)
	}
	return out
}

func every(interval time.Duration, n int) []time.Duration {
	var out []time.Duration
	for i := range n {
		out = append(out, time.Duration(i)*interval)
	}
	return out
}

func TestStreamHeartbeatsOnTheInterval(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		interval int
		want     time.Duration
	}{
		"default":  {0, 10 * time.Second},
		"shortest": {1, time.Second},
		"longest":  {300, 5 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				s.put(page("a", "e1"))
				req := &request{}
				if test.interval > 0 {
					req.HeartbeatInterval = seconds(test.interval)
				}
				sub := s.subscribe(t, req)
				time.Sleep(4*test.want + time.Millisecond)
				got := sub.settled()
				if at := times(got); !slices.Equal(at, every(test.want, 5)) {
					t.Errorf("messages at %v, want a heartbeat every %v", at, test.want)
				}
				for _, m := range got {
					h := m.GetHeartbeat()
					if !m.GetCaughtUp() || h.GetLagEvents() != 0 || h.GetLagTime() == nil || h.GetLagTime().AsDuration() != 0 {
						t.Errorf("an idle stream at the end has not caught up:\n%s", describe(got))
					}
					if late := time.Since(h.GetTime().AsTime()); late > 4*test.want+time.Millisecond || late < 0 {
						t.Errorf("a heartbeat's time is %v ago", late)
					}
				}
			})
		})
	}
}

func TestStreamHeartbeatsWhileAllIsFiltered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		sub := s.subscribe(t, &request{Include: only("never"), HeartbeatInterval: seconds(2)})
		time.Sleep(125 * time.Millisecond) // so that no entry comes with a heartbeat
		for i := range 40 {
			time.Sleep(250 * time.Millisecond)
			s.put(page("a", fmt.Sprint("e", i)))
		}
		got := sub.settled()
		if at := times(got); !slices.Equal(at, every(2*time.Second, 6)) {
			t.Errorf("messages at %v, want a heartbeat every 2s", at)
		}
		// The token moves on with what was filtered out.
		for i, m := range got {
			if at, _ := s.ParseToken(m.GetResumeToken()); at.Sequence != uint64(max(i*8-1, 0)) {
				t.Errorf("heartbeat %d has the token of entry %d", i, at.Sequence)
			}
		}
	})
}

// slowReplay has 100 pages of two events, each of which takes the reader 100 ms.
func slowReplay(s *streams) {
	for i := range 100 {
		s.put(page("a", fmt.Sprint("e", i), fmt.Sprint("f", i)))
	}
	s.change(func() { s.pace = 100 * time.Millisecond })
}

func TestStreamHeartbeatsInTheMidstOfAReplay(t *testing.T) {
	t.Parallel()
	for name, include := range map[string]string{"all is filtered": "never", "all is sent": "*"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				slowReplay(s)
				time.Sleep(time.Hour)
				req := earliest()
				req.Include, req.HeartbeatInterval = only(include), seconds(3)
				sub := s.subscribe(t, req)
				time.Sleep(21 * time.Second)
				got := beats(sub.settled())
				// The replay ends after 10 s; that is told at once.
				want := []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second, 10 * time.Second, 13 * time.Second, 16 * time.Second, 19 * time.Second}
				if at := times(got); !slices.Equal(at, want) {
					t.Fatalf("heartbeats at %v, want %v", at, want)
				}
				lag := uint64(1 << 60)
				for i, m := range got {
					h := m.GetHeartbeat()
					if wantUp := i >= 4; m.GetCaughtUp() != wantUp || (h.GetLagEvents() == 0) != wantUp {
						t.Errorf("heartbeat %d: caught up %t, lag %d events", i, m.GetCaughtUp(), h.GetLagEvents())
					}
					if i > 0 && i < 4 {
						if n := h.GetLagEvents(); n >= lag || n < 20 || n > 150 {
							t.Errorf("heartbeat %d: lag of %d events after one of %d; 140, 80 and 20 are right", i, n, lag)
						}
						lag = h.GetLagEvents()
					}
					if age := h.GetLagTime().AsDuration(); i > 0 && i < 4 && age != 0 && (age < time.Hour || age > time.Hour+time.Minute) {
						t.Errorf("heartbeat %d: lag of %v, want an hour", i, age)
					}
				}
			})
		})
	}
}

func TestStreamTellsOnceThatItHasCaughtUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for i := range 10 {
			s.put(page("a", fmt.Sprint("e", i)))
		}
		sub := s.subscribe(t, earliest())
		sub.settled()
		for i := range 10 {
			time.Sleep(500 * time.Millisecond)
			s.put(page("a", fmt.Sprint("live", i)))
		}
		var up []arrival
		for _, m := range sub.settled() {
			if m.GetCaughtUp() {
				up = append(up, m)
			}
		}
		if len(up) != 1 || up[0].at != 0 || up[0].GetHeartbeat() == nil {
			t.Errorf("want one heartbeat at the start that says so, got:\n%s", describe(up))
		}
	})
}

// A message that says so comes after everything stored, and none that has events
// after it is sent without the store having grown.
func TestStreamHasNotCaughtUpWithPendingEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		slowReplay(s)
		req := earliest()
		req.HeartbeatInterval, req.MaxBatchSize = seconds(1), 1
		sub := s.subscribe(t, req)
		time.Sleep(time.Minute)
		var events int
		for _, m := range sub.settled() {
			if events += len(m.GetEvents()); m.GetCaughtUp() && events < 200 {
				t.Fatalf("caught up is told after %d events of 200", events)
			}
		}
	})
}

func TestStreamDoesNotGuessThatItHasCaughtUp(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]error{"the head fails": errors.New("no leader"), "the head never answers": errStuck} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				s.headless = trouble
				sub := s.subscribe(t, &request{})
				time.Sleep(45 * time.Second)
				s.put(page("a", "e1"))
				got := sub.settled()
				if n := len(beats(got)); n < 4 {
					t.Errorf("%d heartbeats in 45 s", n)
				}
				for _, m := range beats(got) {
					if m.GetCaughtUp() || m.GetHeartbeat().GetLagEvents() == 0 {
						t.Errorf("a heartbeat says that the stream has caught up:\n%s", describe(got))
					}
				}
				if ids := idsOf(got); !slices.Equal(ids, []string{"e1"}) {
					t.Errorf("events %v", ids)
				}
				s.change(func() { s.headless = nil })
				time.Sleep(12 * time.Second)
				if got = sub.settled(); !got[len(got)-1].GetCaughtUp() {
					t.Errorf("the stream has not caught up once the head is known:\n%s", describe(got))
				}
			})
		})
	}
}

// The lag is the age of what is stored and not considered, known as soon as it is
// ready to be read: here while the heartbeat waits for the head.
func TestStreamTellsTheAgeOfItsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		sub := s.subscribe(t, &request{})
		time.Sleep(time.Second)
		s.change(func() { s.headless = errStuck })
		time.Sleep(9500 * time.Millisecond)
		s.put(page("a", "e1", "e2"))
		time.Sleep(time.Second)
		got := beats(sub.settled())
		last := got[len(got)-1].GetHeartbeat()
		if len(got) != 2 || last.GetLagEvents() != 2 || last.GetLagTime().AsDuration() != 500*time.Millisecond {
			t.Errorf("want a lag of 2 events of half a second:\n%s", describe(got))
		}
	})
}

// Before a stream has seen an entry, the collectors' counts tell how many events
// one holds: the first heartbeat counts events, not entries.
func TestStreamTellsItsLagInEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		s.put(page("a", "e1", "e2", "e3"))
		s.put(page("a", "e4", "e5", "e6"))
		s.change(func() {
			s.reports = []audit.FeedReport{{SourceID: "a", State: audit.FeedState{LastSequence: 6}}}
		})
		sub := s.subscribe(t, earliest())
		if first := sub.settled()[0].GetHeartbeat(); first.GetLagEvents() != 6 {
			t.Errorf("a lag of %d events, want 6", first.GetLagEvents())
		}
	})
}
