package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestVerdicts: a target is met on its own side alone, and what has none has no verdict.
func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		row  row
		want string
	}{
		"no target":                {compare("", perSecond, 1, 10, "limit", target{}), "-"},
		"ratio reached":            {compare("", perSecond, 80, 100, "limit", target{AtLeast: 0.8}), "met"},
		"ratio not reached":        {compare("", perSecond, 79, 100, "limit", target{AtLeast: 0.8}), "MISSED"},
		"below the bound":          {compare("", millis, 9.9, 1, "limit", target{Below: 10}), "met"},
		"at the bound":             {compare("", millis, 10, 1, "limit", target{Below: 10}), "MISSED"},
		"no figure":                {row{Note: "not built", Target: target{Below: 10}}, "-"},
		"median of rounds reached": {medians("", perSecond, []float64{90, 50, 8}, []float64{100, 100, 10}, "limit", target{AtLeast: 0.8}), "met"},
	} {
		if got := c.row.verdict(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestTable: the table has a line for each row, figures beside limits.
func TestTable(t *testing.T) {
	r := report{Scale: 1, Rows: []row{
		medians("replay", perSecond, []float64{100_000, 300_000, 200_000}, []float64{400_000, 400_000, 400_000}, "bare gRPC", target{AtLeast: 0.8}),
		compare("left", kibibytes, -1234, 5, "bare gRPC", target{}),
		{Scenario: "cel", Note: "not built"},
	}}
	var out bytes.Buffer
	if err := r.print(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"replay    200 000 events/s  400 000 (bare gRPC)  0.50 (0.25 to 0.75)  ratio ≥ 0.8  MISSED",
		"left      -1 234 KiB        5 (bare gRPC)        -",
		"cel       not built",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line %q in\n%s", want, &out)
		}
	}
}

// TestQuantiles: the share that does not exceed the value is the one asked for.
func TestQuantiles(t *testing.T) {
	var hundred []float64
	for n := range 100 {
		hundred = append(hundred, float64(100-n))
	}
	for q, want := range map[float64]float64{0: 1, 0.5: 51, 0.99: 100, 1: 100} {
		if got := quantile(hundred, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("of nothing")
	}
}
