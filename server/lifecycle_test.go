package server_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/server"
)

// TestFolderInUse: a second server on the folder of a running one does not start,
// and says why.
func TestFolderInUse(t *testing.T) {
	h := servertest.New(t)
	second, err := server.New(t.Context(), server.Config{Config: h.Config, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), h.Config.DataDir) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second server: %v", err)
	}
	// The first one is none the worse for it.
	h.Create("my-snyk")
}

// TestProbes: ready while serving, metrics in the usual form.
func TestProbes(t *testing.T) {
	h := servertest.New(t)
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.AdminAddr()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v", path, answer.StatusCode, err)
		}
	}
}

// TestStopAtOnce: a stop that comes as soon as the server runs is a clean one.
func TestStopAtOnce(t *testing.T) {
	h := servertest.Unstarted(t)
	for range 5 {
		h.Start()
		h.Stop()
	}
}
