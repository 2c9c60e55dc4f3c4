package journal

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
)

// lossyStore is a store whose entries can be deleted.
func lossyStore(t *testing.T) *store {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := &store{engine: e}
	t.Cleanup(func() { s.close(t) })
	cfg := streamConfig(time.Hour)
	cfg.DenyDelete = false
	if _, err := e.JetStream().CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	full := newStore(t) // for what a configuration defaults to
	c := full.cfg
	c.Engine = e
	if s.Journal, err = connect(c); err != nil {
		t.Fatal(err)
	}
	if err := s.openBuckets(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *store) lose(t *testing.T, sequences ...uint64) {
	t.Helper()
	stream, err := s.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range sequences {
		if err := stream.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
}

func wantLoss(t *testing.T, e *audit.Entry, through uint64) {
	t.Helper()
	if e.Sequence != through || e.Events.Len() != 0 || e.SourceID != "" || e.State != nil ||
		len(e.Gaps) != 1 || e.Gaps[0].GetReason() != "JOURNAL_LOSS" || e.Gaps[0].GetRecoverable() {
		t.Errorf("got %+v, want a loss through %d", e, through)
	}
}

func TestHoleIsReported(t *testing.T) {
	s := lossyStore(t)
	w := s.writer(t, feedA)
	for range 10 {
		w.mustAppend(t, 1)
	}
	s.lose(t, 3, 6, 7, 8)
	for name, start := range map[string]audit.Position{
		"before":      {Sequence: 1, Whole: true},
		"at its edge": {Sequence: 2, Whole: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.Read(start)
			defer r.Close()
			var got []uint64
			for {
				e, err := r.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Sequence)
				if e.Sequence == 3 || e.Sequence == 8 {
					wantLoss(t, e, e.Sequence)
				} else if e.Events.Len() != 1 {
					t.Errorf("got %+v", e)
				}
				if e.Sequence == 10 {
					break
				}
			}
			if want := []uint64{2, 3, 4, 5, 8, 9, 10}[start.Sequence-1:]; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	t.Run("within", func(t *testing.T) {
		e, err := s.Read(audit.Position{Sequence: 7, Events: 1}).Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantLoss(t, e, 8)
		// Its position is good, and leads on.
		if err := s.Verify(t.Context(), e.After(0)); err != nil {
			t.Error(err)
		}
		if e, err := s.Read(e.After(0)).Next(t.Context()); err != nil || e.Sequence != 9 {
			t.Errorf("got %+v, %v", e, err)
		}
	})
}

func TestHoleAtTheEndIsReported(t *testing.T) {
	s := lossyStore(t)
	w := s.writer(t, feedA)
	for range 5 {
		w.mustAppend(t, 1)
	}
	s.lose(t, 4, 5)
	r := s.Read(audit.Position{Sequence: 3, Whole: true})
	e, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantLoss(t, e, 5)
	s.tailing(t)
	w.reload(t)
	w.state.LastSequence = 5
	w.mustAppend(t, 1)
	if e, err := r.Next(t.Context()); err != nil || e.Sequence != 6 {
		t.Errorf("got %+v, %v", e, err)
	}
}

// A tail that was away meets a hole, and one that ends the journal.
func TestHoleInTheTail(t *testing.T) {
	s := lossyStore(t)
	w := s.writer(t, feedA)
	for range 3 {
		w.mustAppend(t, 1)
	}
	for range 3 {
		w.mustAppend(t, 1)
	}
	s.tail.begin(3) // as if it had run, and others had appended since
	r := s.Read(audit.Position{Sequence: 3, Whole: true})
	s.lose(t, 4, 6)
	s.tailing(t)
	for _, want := range []uint64{4, 5, 6} {
		e, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want != 5 {
			wantLoss(t, e, want)
		} else if e.Sequence != 5 || e.Events.Len() != 1 {
			t.Errorf("got %+v", e)
		}
	}
}

func TestDamagedEntryIsALoss(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	w.mustAppend(t, 1)
	for _, subject := range []string{feedSubject(source, feedA), subjectPrefix + "a.b.c", subjectPrefix + source + ".team"} {
		if _, err := s.js.PublishMsg(t.Context(), newEntryMessage(subject, epoch, []byte{0x0a, 0x7f})); err != nil {
			t.Fatal(err)
		}
	}
	within := []byte{0x0a, 2, 0x0a, 0x7f, 0x12, 0} // an event that is cut, in an entry that is whole
	if _, err := s.js.PublishMsg(t.Context(), newEntryMessage(feedSubject(source, feedA), epoch, within)); err != nil {
		t.Fatal(err)
	}
	entries := s.readAll(t)
	if len(entries) != 5 {
		t.Fatalf("got %d entries", len(entries))
	}
	for i, e := range entries[1:] {
		wantLoss(t, e, uint64(i+2))
	}
}

func TestReaderOvertakenByRetention(t *testing.T) {
	s := newStore(t, func(c *Config) { c.Retention = 2 * time.Second })
	s.tailing(t)
	w := s.writer(t, feedA)
	for range 3 {
		w.mustAppend(t, 1)
	}
	r := s.Read(audit.Position{})
	if e, err := r.Next(t.Context()); err != nil || e.Sequence != 1 {
		t.Fatalf("got %+v, %v", e, err)
	}
	s.waitEmpty(t)
	late, end := s.Read(audit.Position{Sequence: 1, Whole: true}), s.Read(audit.Position{Sequence: 3, Whole: true})
	// What it had read ahead, or what the tail keeps, it may still deliver; never
	// may it jump.
	for want := uint64(2); ; want++ {
		e, err := late.Next(t.Context())
		if err != nil {
			s.wantOldest(t, err, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED)
			break
		}
		if e.Sequence != want || want > 3 {
			t.Fatalf("got %+v", e)
		}
		if want == 3 {
			break
		}
	}
	w.reload(t)
	w.state.LastSequence = 3
	w.mustAppend(t, 1)
	if e, err := end.Next(t.Context()); err != nil || e.Sequence != 4 {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestExpiredReaderWithoutTail(t *testing.T) {
	s := newStore(t, func(c *Config) { c.Retention = time.Second })
	w := s.writer(t, feedA)
	w.mustAppend(t, 1)
	w.mustAppend(t, 1)
	s.waitEmpty(t)
	for range 2 {
		for _, start := range []audit.Position{{}, {Sequence: 1, Whole: true}, {Sequence: 2, Events: 0}} {
			r := s.Read(start)
			for range 2 { // it says so as often as it is asked
				_, err := r.Next(t.Context())
				s.wantOldest(t, err, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED)
			}
		}
		w.reload(t)
		w.state.LastSequence = 2
		w.mustAppend(t, 1)
	}
}

// Whatever the store makes of a damaged file, readers see each entry once or are
// told of a loss.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	w := s.writer(t, feedA)
	for range 10 {
		w.mustAppend(t, 5)
	}
	s.close(t)
	damage(t, dir, "id-a040-25")
	s = openStore(t, dir)
	defer s.close(t)
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var next, lost uint64 = 1, 0
	for _, e := range s.readAll(t) {
		if len(e.Gaps) > 0 {
			lost += e.Sequence - next + 1
		} else if e.Sequence != next {
			t.Errorf("entry %d follows %d", e.Sequence, next-1)
		}
		next = e.Sequence + 1
	}
	t.Logf("of 10 entries the store shows %d, %d of them lost", head, lost)
	if head == 10 && lost == 0 {
		t.Error("no loss was noticed")
	}
}

// What cannot be read must not pass for what is not there.
func TestDamagedFileIsNoticedByWriters(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	s := openStore(t, dir)
	w := s.writer(t, feedA)
	for range 10 {
		w.mustAppend(t, 5)
	}
	s.close(t)

	damage(t, dir, "id-a040-25")
	s = openStore(t, dir, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	if got := s.load(t).Feeds[feedA].LastSequence; got != 50 {
		t.Errorf("the state is at %d", got)
	}
	if got := s.scan(t, feedA, time.Time{}); len(got) != 45 || !strings.Contains(log.String(), "first=21 last=25") {
		t.Errorf("scanning gave %d events, and the log %q", len(got), log.String())
	}
	s.close(t)

	damage(t, dir, "id-a040-50")
	s = openStore(t, dir)
	defer s.close(t)
	snapshot, err := s.Load(t.Context(), source)
	head, headErr := s.Head(t.Context())
	if headErr != nil {
		t.Fatal(headErr)
	}
	// The store may notice, and give the last sequence anew, or not.
	if err == nil && (head == 10 || snapshot.Fence != head) {
		t.Errorf("got %+v of a journal that ends at %d", snapshot, head)
	}
	for _, feed := range []audit.Feed{feedA, {}} {
		scanErr := s.Scan(t.Context(), source, feed, time.Time{}, func(audit.StoredEvent) error { return nil })
		if (scanErr == nil) != (err == nil) {
			t.Errorf("scanning %q says %v, loading %v", feed, scanErr, err)
		}
	}
	t.Logf("the journal ends at %d: %v", head, err)
}

// damage spoils the entry that holds a text in the journal's file.
func damage(t *testing.T, dir, text string) {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", streamName, "msgs", "*.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatalf("got blocks %v, %v", blocks, err)
	}
	data, err := os.ReadFile(blocks[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		t.Fatal("the entry is not in the file")
	}
	data[at] ^= 0xff
	if err := os.WriteFile(blocks[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
}
