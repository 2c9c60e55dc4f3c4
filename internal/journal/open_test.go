package journal

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestOpenNeedsItsConfig(t *testing.T) {
	s := newStore(t)
	for name, cfg := range map[string]Config{
		"no engine":    {Retention: time.Hour},
		"no retention": {Engine: s.engine},
	} {
		if _, err := Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestOpenKeepsIdentityAndTakesNewRetention(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	w := s.writer(t, feedA)
	w.mustAppend(t, 1)
	id := s.id
	s.close(t)

	s = openStore(t, dir, func(c *Config) { c.Retention = 48 * time.Hour })
	if s.id != id {
		t.Error("the journal has a new identity")
	}
	s.close(t)

	// Less holds for what is there.
	s = openStore(t, dir, func(c *Config) { c.Retention = time.Second })
	defer s.close(t)
	stream, err := s.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	if cfg.MaxAge != time.Second || !cfg.DenyDelete || !cfg.DenyPurge || cfg.Storage != jetstream.FileStorage ||
		cfg.Compression != jetstream.NoCompression || cfg.MaxMsgs > 0 || cfg.MaxBytes > 0 || cfg.AllowMsgTTL || cfg.AllowRollup {
		t.Errorf("the stream is kept as %+v", cfg)
	}
	s.waitEmpty(t)
}

// Two servers of a cluster may open the journal at the same moment.
func TestOpenAtOnce(t *testing.T) {
	s := newStore(t)
	if err := s.js.DeleteKeyValue(t.Context(), metaBucket); err != nil {
		t.Fatal(err)
	}
	ids := make(chan string, 4)
	for range cap(ids) {
		go func() {
			j, err := Open(context.Background(), s.cfg)
			if err != nil {
				t.Error(err)
				ids <- ""
				return
			}
			ids <- j.id
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("identities %q and %q", first, id)
		}
	}
}

// Readers at the end share what the tail decoded.
func TestReadersShareTheTail(t *testing.T) {
	s := newStore(t)
	s.tailing(t)
	a, b := s.Read(audit.Position{}), s.Read(audit.Position{})
	w := s.writer(t, feedA)
	for begun := false; !begun; _, begun, _ = s.tail.look(1) {
		rest(t.Context(), time.Millisecond)
	}
	for range 50 {
		w.mustAppend(t, 1)
		one, errA := a.Next(t.Context())
		two, errB := b.Next(t.Context())
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if one != two {
			t.Fatalf("entry %d was decoded twice", one.Sequence)
		}
	}
}
