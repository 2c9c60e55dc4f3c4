package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
)

// TestStreamQuota: a caller's streams beyond the quota are refused, with what to do,
// and the operator sees it.
func TestStreamQuota(t *testing.T) {
	t.Parallel()
	h := servertest.Unstarted(t)
	h.Config.MaxStreamsPerCaller = 2
	h.Start()
	for range 2 {
		stream, err := h.Events().StreamEvents(t.Context(), &snykstreamv1.StreamEventsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	third, err := h.Events().StreamEvents(t.Context(), &snykstreamv1.StreamEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = third.Recv()
	retry, reason := details(err)
	if status.Code(err) != codes.ResourceExhausted || reason != "QUOTA_EXCEEDED" || retry.GetRetryDelay().AsDuration() <= 0 {
		t.Errorf("the third stream of two: %v, retry after %v", err, retry)
	}
	for _, line := range []string{"\nsnykstream_streams_open 2\n", "\nsnykstream_streams_refused_total 1\n"} {
		if !strings.Contains(metricsOf(t, h), line) {
			t.Errorf("the metrics lack %q", line)
		}
	}
}

func metricsOf(t *testing.T, h *servertest.House) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.AdminAddr()+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
