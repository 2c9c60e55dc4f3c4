package engine_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/snykstream/snykstream/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func shut(t *testing.T, e *engine.Engine) {
	t.Helper()
	if err := e.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestKeepsWhatWasStored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e := open(t, dir)
	if e.MaxPayload() != 8<<20 {
		t.Errorf("max payload is %d", e.MaxPayload())
	}
	kv, err := e.JetStream().CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	shut(t, e)

	e = open(t, dir)
	defer shut(t, e)
	kv, err = e.JetStream().KeyValue(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	got, err := kv.Get(t.Context(), "k")
	if err != nil || string(got.Value()) != "v" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFolder(t *testing.T) {
	tests := map[string]struct {
		mode   os.FileMode
		file   string
		refuse bool
	}{
		"empty, open to others":         {mode: 0o755},
		"used before, open to others":   {mode: 0o755, file: "LOCK"},
		"fresh volume":                  {mode: 0o755, file: "lost+found"},
		"other files, closed to others": {mode: 0o700, file: "notes.txt"},
		"other files, open to others":   {mode: 0o755, file: "notes.txt", refuse: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, test.mode); err != nil {
				t.Fatal(err)
			}
			if test.file != "" {
				if err := os.WriteFile(filepath.Join(dir, test.file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			e, err := engine.Open(t.Context(), engine.Config{DataDir: dir})
			if test.refuse {
				if err == nil || !strings.Contains(err.Error(), dir+" has mode 0755") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer shut(t, e)
			info, err := os.Stat(dir)
			if err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("mode is %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestFolderIsLocked(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir)
	_, err := engine.Open(t.Context(), engine.Config{DataDir: dir})
	want := "data folder " + dir + " is in use by another snykstreamd (pid " + strconv.Itoa(os.Getpid()) + ")"
	if err == nil || err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	// The one that was refused must not have unlocked it.
	if _, err := engine.Open(t.Context(), engine.Config{DataDir: dir}); err == nil {
		t.Error("opened twice")
	}
	shut(t, e)
	shut(t, open(t, dir))
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e, err := engine.Open(ctx, engine.Config{DataDir: dir}); err == nil {
		// The server may have been faster than the select.
		shut(t, e)
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	shut(t, open(t, dir))
}

func TestOpenTellsWhyItFailed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Open(t.Context(), engine.Config{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "storage directory is not a directory") {
		t.Errorf("got %v", err)
	}
}

func TestWritable(t *testing.T) {
	e := open(t, t.TempDir())
	if err := e.Writable(); err != nil {
		t.Errorf("got %v", err)
	}
	shut(t, e)
	if err := e.Writable(); err == nil {
		t.Error("writable after Close")
	}

	full, err := engine.Open(t.Context(), engine.Config{DataDir: t.TempDir(), Reserve: math.MaxUint64})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, full)
	if err := full.Writable(); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("got %v", err)
	}
}
