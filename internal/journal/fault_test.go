package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
)

// deaf is a store whose answers to appends do not come through.
type deaf struct {
	jetstream.JetStream
	answer error
	// lost says that the appends do not come through either.
	lost bool
}

func (d *deaf) PublishMsg(ctx context.Context, msg *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if !d.lost {
		if _, err := d.JetStream.PublishMsg(ctx, msg, opts...); err != nil {
			return nil, err
		}
	}
	return nil, d.answer
}

func TestUnknownOutcome(t *testing.T) {
	for name, answer := range map[string]error{
		"timeout":         context.DeadlineExceeded,
		"disconnected":    nats.ErrConnectionClosed,
		"no responders":   jetstream.ErrNoStreamResponse,
		"another is busy": fmt.Errorf("nats: %w", &jetstream.APIError{Code: 400, ErrorCode: 10164}),
	} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, lost %t", name, lost), func(t *testing.T) {
				s := newStore(t)
				w := s.writer(t, feedA)
				w.mustAppend(t, 2)
				good := s.js
				s.js = &deaf{JetStream: good, answer: answer, lost: lost}
				page := w.page(2)
				if err := w.append(t, page); !errors.Is(err, audit.ErrUnknownOutcome) || !errors.Is(err, answer) {
					t.Errorf("got %v", err)
				}
				s.js = good
				// Whoever loads again knows, and whoever tries again cannot store twice.
				again := w.append(t, page)
				if lost && again != nil || !lost && !errors.Is(again, audit.ErrFenced) {
					t.Errorf("trying again: %v", again)
				}
				w.reload(t)
				if w.fence != 2 || w.state.LastSequence != 4 {
					t.Errorf("the state is %+v at %d", w.state, w.fence)
				}
			})
		}
	}
}

func TestAppendWithAContextThatEnds(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := s.writer(t, feedA)
	if _, err := s.Append(ctx, 0, w.page(1)); !errors.Is(err, audit.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestStoreRefusals(t *testing.T) {
	for code, reason := range map[jetstream.ErrorCode]snykstreamv1.ErrorReason{
		10023: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		10039: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		10047: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		10076: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		10077: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		10118: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		10054: 0, // too large: a fault of ours
	} {
		err := appendError(t.Context(), fmt.Errorf("nats: %w", &jetstream.APIError{ErrorCode: code}))
		var e *audit.Error
		if errors.Is(err, audit.ErrUnknownOutcome) || errors.As(err, &e) != (reason != 0) || e != nil && e.Reason != reason {
			t.Errorf("%d: got %v", code, err)
		}
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	e := wantReason(t, err, audit.KindUnavailable, snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE)
	if e.RetryAfter <= 0 {
		t.Errorf("no time to try again in %+v", e)
	}
}

func TestDiskWithoutRoom(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Config{DataDir: t.TempDir(), Reserve: math.MaxUint64})
	if err != nil {
		t.Fatal(err)
	}
	j, err := Open(t.Context(), Config{Engine: e, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := &store{Journal: j, engine: e}
	defer s.close(t)
	w := s.writer(t, feedA)
	err = w.append(t, w.page(1))
	wantUnavailable(t, err)
	if errors.Is(err, audit.ErrUnknownOutcome) || !strings.Contains(err.Error(), "make room") {
		t.Errorf("got %v", err)
	}
	wantUnavailable(t, s.Fence(t.Context(), source, "create"))
	wantUnavailable(t, s.Checkpoint(t.Context(), source, feedA, w.state, 0))
}

// brokenDir names the folder to a test binary that may write small files only.
const brokenDir = "SNYKSTREAM_TEST_BROKEN_DIR"

// TestWriterOnABrokenDisk is the child of TestBrokenDisk.
func TestWriterOnABrokenDisk(t *testing.T) {
	dir := os.Getenv(brokenDir)
	if dir == "" {
		t.Skip("only runs as a child")
	}
	signal.Ignore(unix.SIGXFSZ)
	s := openStore(t, dir)
	s.timeout = 200 * time.Millisecond
	w := s.writer(t, feedA)
	w.mustAppend(t, 100)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil {
		err = w.append(t, w.page(100))
	}
	wantUnavailable(t, err)
	// Whether it is stored is for the next start to find out.
	if !errors.Is(err, audit.ErrUnknownOutcome) {
		t.Errorf("got %v", err)
	}
	// From now on it is known at once.
	err = w.append(t, w.page(100))
	wantUnavailable(t, err)
	if errors.Is(err, audit.ErrUnknownOutcome) {
		t.Errorf("got %v", err)
	}
	// What is stored is there to be read.
	if entries := s.readAll(t); uint64(len(entries)) < w.fence {
		t.Errorf("got %d entries, want %d", len(entries), w.fence)
	}
	// Only a new process helps, so this one is told to end.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Run(ctx); err == nil || !strings.Contains(err.Error(), "after a restart") {
		t.Errorf("the tail ended with %v", err)
	}
	fmt.Fprintf(os.Stdout, "acknowledged %d\n", w.state.LastSequence)
	s.close(t)
}

// A write that fails is an error of the append; nothing crashes, and after a
// restart all goes on.
func TestBrokenDisk(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriterOnABrokenDisk$", "-test.v")
	cmd.Env = append(os.Environ(), brokenDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var acknowledged uint64
	if _, text, ok := strings.Cut(string(out), "acknowledged "); ok {
		_, err = fmt.Sscan(text, &acknowledged)
	}
	if acknowledged == 0 || err != nil {
		t.Fatalf("the child says %s", out)
	}
	s := openStore(t, dir)
	defer s.close(t)
	w := s.writer(t, feedA)
	if got := w.state.LastSequence; got < acknowledged || got > acknowledged+100 {
		t.Errorf("the state is at %d, %d was acknowledged", got, acknowledged)
	}
	w.mustAppend(t, 100)
}
