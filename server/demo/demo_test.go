package demo_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/snykstream/snykstream/server/demo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen collects what is printed, and says when a text has appeared.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	awaited string
	seen    chan struct{}
	once    sync.Once
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.text.Write(p)
	if strings.Contains(s.text.String(), s.awaited) {
		s.once.Do(func() { close(s.seen) })
	}
	return n, err
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestDemo: history and hints show, plain where there is no terminal, and the end
// is clean.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	out := &screen{awaited: "history is complete", seen: make(chan struct{})}
	d, err := demo.New(demo.Config{Out: out, Listen: "127.0.0.1:0", History: 300, Rate: 5})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	select {
	case <-out.seen:
	case err := <-done:
		t.Fatalf("the demo ended with %v:\n%s", err, out)
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the demo ended with %v", err)
	}
	text := out.String()
	for _, want := range []string{"grpcurl -plaintext 127.0.0.1:", "SourceService/CreateSource", "org.project.", "each exactly once"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("colours without a terminal")
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
