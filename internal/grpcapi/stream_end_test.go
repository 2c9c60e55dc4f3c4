package grpcapi_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestStreamStopsWhenCaughtUp(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stored int
		req    func(s *streams) *request
		want   []string
	}{
		"from the earliest":   {5, func(*streams) *request { return earliest() }, names("e", 1, 5)},
		"from the latest":     {5, func(*streams) *request { return &request{} }, nil},
		"from a token":        {5, func(s *streams) *request { return resume(s.Token(s.entries[2].After(1))) }, names("e", 4, 5)},
		"of an empty journal": {0, func(*streams) *request { return earliest() }, nil},
		"all is filtered": {5, func(*streams) *request {
			req := earliest()
			req.Include = only("never")
			return req
		}, nil},
		"one by one": {5, func(*streams) *request {
			req := earliest()
			req.MaxBatchSize = 1
			return req
		}, names("e", 1, 5)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				for i := range test.stored {
					s.put(page("a", fmt.Sprint("e", i+1)))
				}
				req := test.req(s)
				req.StopWhenCaughtUp = true
				got, err := s.subscribe(t, req).all()
				if err != nil {
					t.Fatal(err)
				}
				if ids := idsOf(got); !slices.Equal(ids, test.want) {
					t.Errorf("events %v, want %v", ids, test.want)
				}
				last := got[len(got)-1]
				if !last.GetCaughtUp() || last.GetHeartbeat() == nil || last.GetHeartbeat().GetLagEvents() != 0 {
					t.Errorf("the last message is not a heartbeat of a stream that has caught up:\n%s", describe(got))
				}
				if name == "from the latest" && len(got) != 1 {
					t.Errorf("%d messages, want one that is the first and the last", len(got))
				}
			})
		})
	}
}

func TestStreamStopsWhereTheJournalWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		slowReplay(s)
		req := earliest()
		req.StopWhenCaughtUp = true
		sub := s.subscribe(t, req)
		time.Sleep(5 * time.Second)
		for i := range 10 {
			s.put(page("a", fmt.Sprint("new", i)))
		}
		got, err := sub.all()
		if err != nil {
			t.Fatal(err)
		}
		if ids := idsOf(got); len(ids) != 200 || ids[199] != "f99" {
			t.Errorf("%d events, want the 200 that were stored at the call", len(ids))
		}
		last := got[len(got)-1]
		if last.GetCaughtUp() || last.GetHeartbeat().GetLagEvents() < 10 {
			t.Errorf("the last message tells no lag though the journal grew:\n%s", describe(got[len(got)-1:]))
		}
		again := resume(last.GetResumeToken())
		again.StopWhenCaughtUp = true
		got, err = s.subscribe(t, again).all()
		if ids := idsOf(got); err != nil || !slices.Equal(ids, names("new", 0, 9)) {
			t.Errorf("the last token leads to %v (%v)", ids, err)
		}
	})
}

// A loss that reaches over the end is told; the events after it are not sent.
func TestStreamStopsInALoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		s.change(func() { s.pace = time.Second })
		for _, id := range names("e", 1, 4) {
			s.put(page("a", id))
		}
		req := earliest()
		req.StopWhenCaughtUp = true
		sub := s.subscribe(t, req)
		time.Sleep(100 * time.Millisecond)
		s.put(page("a", "e5"))
		s.put(page("a", "e6"))
		s.lose(4, 5)
		got, err := sub.all()
		if ids := idsOf(got); err != nil || !slices.Equal(ids, names("e", 1, 3)) {
			t.Errorf("events %v (%v), want e1 to e3", ids, err)
		}
		var gaps int
		for _, m := range got {
			gaps += len(m.GetGaps())
		}
		if gaps != 1 {
			t.Errorf("%d gaps, want 1:\n%s", gaps, describe(got))
		}
	})
}

// What is drained ends with the token of what was sent.
func wantDrained(t *testing.T, s *streams, got []arrival, err error) {
	t.Helper()
	wantStatus(t, err, codes.Unavailable, "DRAINING")
	var retry time.Duration
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			retry = info.GetRetryDelay().AsDuration()
		}
	}
	if retry != time.Second {
		t.Errorf("retry after %v, want 1s", retry)
	}
	sent := idsOf(got)
	rest := resume(got[len(got)-1].GetResumeToken())
	at, err := s.ParseToken(rest.GetResumeToken())
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	for _, entry := range s.entries {
		for i, r := range entry.Records {
			if entry.Sequence < at.Sequence || entry.Sequence == at.Sequence && i < at.Events {
				stored = append(stored, r.Event.GetId())
			}
		}
	}
	if !slices.Equal(sent, stored) {
		t.Errorf("the last token stands after %d events, %d were sent", len(stored), len(sent))
	}
}

func TestStreamDrains(t *testing.T) {
	t.Parallel()
	t.Run("an idle stream", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			s.put(page("a", "e1"))
			sub := s.subscribe(t, earliest())
			before := len(sub.settled())
			time.Sleep(1500 * time.Millisecond)
			close(s.drain)
			got, err := sub.all()
			wantDrained(t, s, got, err)
			if len(got) != before+1 || got[before].at != 1500*time.Millisecond {
				t.Errorf("want one last message at once:\n%s", describe(got))
			}
		})
	})
	t.Run("in the midst of a replay", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			slowReplay(s)
			req := earliest()
			req.MaxBatchSize = 3
			sub := s.subscribe(t, req)
			time.Sleep(4321 * time.Millisecond)
			close(s.drain)
			got, err := sub.all()
			wantDrained(t, s, got, err)
			if n := len(idsOf(got)); n < 80 || n > 90 {
				t.Errorf("%d events, want those of 4.3 s", n)
			}
		})
	})
	t.Run("a new call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			close(s.drain)
			got, err := s.subscribe(t, earliest()).all()
			wantStatus(t, err, codes.Unavailable, "DRAINING")
			if len(got) > 0 {
				t.Errorf("messages come:\n%s", describe(got))
			}
		})
	})
}

func TestStreamEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		idle := s.subscribe(t, &request{})
		slowReplay(s)
		busy := s.subscribe(t, earliest())
		time.Sleep(time.Second)
		synctest.Wait()
		if s.openReaders() != 2 || s.opened-s.closed != 2 {
			t.Fatalf("%d readers, %d streams opened and %d closed, want two of each open", s.openReaders(), s.opened, s.closed)
		}
		idle.cancel()
		busy.cancel()
		synctest.Wait()
		if s.openReaders() != 0 || s.opened != s.closed {
			t.Errorf("%d readers, %d streams opened and %d closed: they outlive the call", s.openReaders(), s.opened, s.closed)
		}
	})
}

// A stream that ends is done with its reader, and leaves nothing behind.
func TestStreamWaitsForItsReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		req := earliest()
		req.StopWhenCaughtUp = true
		if _, err := s.subscribe(t, req).all(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s.closed != 1 || s.left != 0 {
			t.Errorf("%d streams are closed, with %d readers open", s.closed, s.left)
		}
	})
}

func TestStreamCountsEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		s.put(page("a", "e1", "e2", "e3"))
		req := earliest()
		req.Include, req.StopWhenCaughtUp = only("e1", "e3"), true
		if _, err := s.subscribe(t, req).all(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s.sent != 2 {
			t.Errorf("%d events are counted, want the 2 that were sent", s.sent)
		}
	})
}

// A subscriber that does not read fills its own window and stalls nobody else.
func TestStreamSlowReaderStallsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		slow, err := s.client.StreamEvents(t.Context(), earliest())
		if err != nil {
			t.Fatal(err)
		}
		const pages = 60
		for i := range pages {
			s.put(fat(page("a", fmt.Sprint("e", i)), audit.MaxEventBytes/2))
		}
		fast := s.subscribe(t, earliest())
		if n := len(idsOf(fast.settled())); n != pages {
			t.Errorf("%d events come beside a slow reader, want %d", n, pages)
		}
		if s.sent >= 2*pages {
			t.Fatal("the slow reader's window took everything: the test shows nothing")
		}
		// It is behind, and misses nothing.
		var events int
		for events < pages {
			m, err := slow.Recv()
			if err != nil {
				t.Fatal(err)
			}
			events += len(m.GetEvents())
		}
	})
}
