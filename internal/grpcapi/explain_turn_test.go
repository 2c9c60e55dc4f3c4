package grpcapi

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/peer"

	"github.com/snykstream/snykstream/internal/audit"
)

// One caller's explanations follow each other, whatever others do beside them.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(make(chan struct{}))
		start := time.Now()
		ended := make(chan string, 5)
		run := func(host string) {
			ctx := peer.NewContext(t.Context(), &peer.Peer{Addr: &net.TCPAddr{IP: net.ParseIP(host)}})
			done, err := turns.take(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Hour)
			done()
			ended <- host + " " + time.Since(start).String()
		}
		for _, host := range []string{"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"} {
			go run(host)
			synctest.Wait()
		}
		for range 2 { // the first of 10.0.0.1, and 10.0.0.2
			if got := <-ended; got != "10.0.0.1 1h0m0s" && got != "10.0.0.2 1h0m0s" {
				t.Errorf("ended: %s", got)
			}
		}
		last := ""
		for range 3 {
			last = <-ended
		}
		if last != "10.0.0.1 3h0m0s" {
			t.Errorf("the last one ended is %s", last)
		}
		if len(turns.queues) != 0 || len(turns.places) != 0 {
			t.Errorf("%d callers and %d places are left", len(turns.queues), len(turns.places))
		}
	})
}

// Who gives up, or is drained, takes no place.
func TestTurnsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		turns := newTurns(drain)
		done, err := turns.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := turns.take(impatient); err == nil {
			t.Error("a second turn of one caller")
		}
		close(drain)
		if _, err := turns.take(t.Context()); !audit.IsKind(err, audit.KindUnavailable) {
			t.Errorf("a draining server answers %v", err)
		}
		done()
		if len(turns.queues) != 0 || len(turns.places) != 0 {
			t.Errorf("%d callers and %d places are left", len(turns.queues), len(turns.places))
		}
	})
}
