package grpcapi

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/stats"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// untilAged is a stream that ends as one should.
func untilAged(out eventsOut) error {
	select {
	case <-aged(out.Context()):
	case <-out.Context().Done():
		return out.Context().Err()
	}
	if err := out.Send(&snykstreamv1.StreamEventsResponse{ResumeToken: "last"}); err != nil {
		return err
	}
	return errAged()
}

// TestConnectionsAge: a stream ends with its connection's age, softly, and only
// when its caller knows that the next call needs another connection. With as many
// connections as that, one of the order would show.
func TestConnectionsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxConnectionAge: time.Hour})
		g.do = untilAged
		ends := map[time.Duration]bool{}
		for range 30 {
			guest := g.connect(t, nil, nil)
			began := time.Now()
			stream := guest.stream(t.Context(), t)
			message, err := stream.Recv()
			if err != nil || message.GetResumeToken() != "last" {
				t.Fatalf("got %v, %v, want the last token", message, err)
			}
			_, err = stream.Recv()
			if f := wantFailure(t, err, codes.Unavailable, "CONNECTION_AGED"); f.retry != agedRetry {
				t.Errorf("retry after %v", f.retry)
			}
			age := time.Since(began)
			if age < 54*time.Minute || age > time.Hour {
				t.Errorf("ended after %v, want 54 to 60 minutes", age)
			}
			ends[age] = true
			guest.stream(t.Context(), t)
			if dials := guest.dials.Load(); dials != 2 {
				t.Fatalf("%d connections after the first one's age, want 2", dials)
			}
			if err := guest.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if len(ends) < 20 {
			t.Errorf("30 connections ended at %d times: they would all come back together", len(ends))
		}
	})
}

// TestCallsMoveBeforeStreams: once told, a caller makes new calls over another
// connection, while its stream goes on.
func TestCallsMoveBeforeStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxConnectionAge: time.Hour})
		g.do = untilAged
		guest := g.connect(t, nil, nil)
		guest.stream(t.Context(), t)
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		guest.stream(t.Context(), t)
		if dials, ended := guest.dials.Load(), g.ended.Load(); dials != 2 || ended != 0 {
			t.Errorf("after 50 minutes %d connections, %d streams ended, want 2 and none", dials, ended)
		}
	})
}

// TestNoAge: without an age connections and their streams go on.
func TestNoAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{})
		g.do = untilAged
		guest := g.connect(t, nil, nil)
		guest.stream(t.Context(), t)
		time.Sleep(3 * 24 * time.Hour)
		synctest.Wait()
		if ended := g.ended.Load(); ended != 0 || guest.dials.Load() != 1 {
			t.Errorf("%d streams ended over %d connections", ended, guest.dials.Load())
		}
	})
}

// TestAgeWaitsForSlowReaders: who has not read what came before gets it, and the
// last message, for a while after the age.
func TestAgeWaitsForSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxConnectionAge: time.Minute})
		sent := 0
		g.do = func(out eventsOut) error {
			for !hasAged(out.Context()) {
				if err := out.Send(&snykstreamv1.StreamEventsResponse{ResumeToken: strings.Repeat("x", 1<<10)}); err != nil {
					return err
				}
				sent++
			}
			return untilAged(out)
		}
		stream := g.connect(t, nil, nil).stream(t.Context(), t)
		time.Sleep(time.Minute + agedPatience/2)
		got, last := 0, ""
		for {
			message, err := stream.Recv()
			if err != nil {
				wantFailure(t, err, codes.Unavailable, "CONNECTION_AGED")
				break
			}
			got, last = got+1, message.GetResumeToken()
		}
		if got != sent+1 || last != "last" {
			t.Errorf("got %d messages, the last one %.10q, of %d and the last", got, last, sent)
		}
	})
}

// TestAgeEndsHealthWatches: the services of gRPC know of no age, and end with it.
func TestAgeEndsHealthWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxConnectionAge: time.Hour})
		watch, err := healthpb.NewHealthClient(g.connect(t, nil, nil)).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatal(err)
		}
		_, err = watch.Recv()
		wantFailure(t, err, codes.Unavailable, "CONNECTION_AGED")
	})
}

// TestAgeIsRoutine: nobody is woken because connections age.
func TestAgeIsRoutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, ServerConfig{MaxConnectionAge: time.Hour})
		g.do = untilAged
		stream := g.connect(t, nil, nil).stream(t.Context(), t)
		for _, err := stream.Recv(); err == nil; {
			_, err = stream.Recv()
		}
		synctest.Wait()
		if line := g.log.String(); !strings.Contains(line, "level=INFO") || strings.Contains(line, "level=WARN") {
			t.Errorf("logged:\n%s", line)
		}
	})
}

// TestAgeEndsWithTheConnection: a connection that ends early leaves no timer.
func TestAgeEndsWithTheConnection(t *testing.T) {
	ctx := ages(time.Hour).TagConn(t.Context(), nil)
	ages(time.Hour).HandleConn(ctx, &stats.ConnBegin{})
	c, ok := connectionOf(ctx)
	if !ok {
		t.Fatal("the call's context has no connection")
	}
	ages(time.Hour).HandleConn(ctx, &stats.ConnEnd{})
	if c.timer.Stop() {
		t.Error("the timer still ran")
	}
}

var _ stats.Handler = ages(0)

var _ grpc.ServerStream = (*leaving)(nil)
