package servertest

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metric is the sum of a metric's series that have all these labels, each written
// as in the text format: `feed="org/..."`.
func (h *House) Metric(name string, labels ...string) float64 {
	h.T.Helper()
	req, err := http.NewRequestWithContext(h.T.Context(), http.MethodGet, "http://"+h.admin+"/metrics", http.NoBody)
	if err != nil {
		h.T.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		h.T.Fatalf("the metrics: %s, %v", res.Status, err)
	}
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		if value, ok := series(strings.TrimSpace(line), name, labels); ok {
			sum += value
		}
	}
	return sum
}

// series reads a line of the text format if it is one of the series.
func series(line, name string, labels []string) (value float64, ok bool) {
	rest, ok := strings.CutPrefix(line, name)
	if !ok || !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ") {
		return 0, false
	}
	for _, label := range labels {
		if !strings.Contains(rest, label) {
			return 0, false
		}
	}
	value, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
	return value, err == nil
}
