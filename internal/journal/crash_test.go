package journal

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// crashDir names the folder to a test binary that is to write until it is killed.
const crashDir = "SNYKSTREAM_TEST_CRASH_DIR"

// TestCrashingWriter is the child of TestNothingAcknowledgedIsLost: it appends
// pages, large ones among them, and tells of each one that was acknowledged.
func TestCrashingWriter(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("only runs as a child")
	}
	s := openStore(t, dir, func(c *Config) { c.MaxEntry = 64 << 10 })
	w := s.writer(t, feedA)
	for n := 0; ; n++ {
		page := w.page(1 + rand.IntN(100))
		if n%7 == 0 {
			page.Records[0].Raw = make([]byte, 200<<10) // in chunks
		}
		if err := w.append(t, page); err != nil {
			t.Fatal(err)
		}
		if n%5 == 0 {
			if err := s.Checkpoint(t.Context(), source, feedA, w.state, w.fence); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(os.Stdout, "acknowledged %d %d\n", w.fence, w.state.LastSequence)
	}
}

// A server killed again and again while it appends: everything acknowledged is
// there, in whole, and the ordinals are dense.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	dir := t.TempDir()
	var fence, ordinal uint64
	for round := range 6 {
		gotFence, gotOrdinal := crash(t, dir)
		if gotFence <= fence {
			t.Fatalf("round %d: nothing was appended", round)
		}
		fence, ordinal = gotFence, gotOrdinal
		s := openStore(t, dir)
		head, err := s.Head(t.Context())
		if err != nil || head < fence {
			t.Errorf("round %d: entry %d was acknowledged, the journal ends at %d, %v", round, fence, head, err)
		}
		snapshot := s.load(t)
		if snapshot.Feeds[feedA].LastSequence < ordinal || snapshot.Fence != head {
			t.Errorf("round %d: event %d was acknowledged, the state is %+v", round, ordinal, snapshot)
		}
		var last, next uint64 = 0, 1
		for _, e := range s.readAll(t) {
			if e.Sequence != next || len(e.Gaps) > 0 {
				t.Fatalf("round %d: got %+v, want entry %d", round, e, next)
			}
			next++
			for i, r := range records(t, e) {
				if last++; r.Event.GetSequence() != last {
					t.Fatalf("round %d: ordinal %d follows %d", round, r.Event.GetSequence(), last-1)
				}
				if r.Raw == nil {
					if raw, err := s.LargeRaw(t.Context(), e.Sequence, i); err != nil || len(raw) != 200<<10 {
						t.Errorf("round %d: %d bytes of event %d, %v", round, len(raw), last, err)
					}
				}
			}
		}
		if last != snapshot.Feeds[feedA].LastSequence {
			t.Errorf("round %d: the events end at %d, the state says %d", round, last, snapshot.Feeds[feedA].LastSequence)
		}
		fence = head
		s.close(t)
	}
}

// crash runs a writer on the folder, kills it at some moment, and returns what it
// had acknowledged last.
func crash(t *testing.T, dir string) (fence, ordinal uint64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashingWriter$", "-test.v")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	var killer *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		_, text, ok := strings.Cut(lines.Text(), "acknowledged ")
		if !ok {
			continue
		}
		if killer == nil {
			moment := time.Duration(50+rand.IntN(400)) * time.Millisecond
			killer = time.AfterFunc(moment, func() { _ = cmd.Process.Kill() })
			defer killer.Stop()
		}
		a, b, _ := strings.Cut(text, " ")
		newFence, errA := strconv.ParseUint(a, 10, 64)
		newOrdinal, errB := strconv.ParseUint(b, 10, 64)
		if errA == nil && errB == nil { // the last line may be cut
			fence, ordinal = newFence, newOrdinal
		}
	}
	return fence, ordinal
}
