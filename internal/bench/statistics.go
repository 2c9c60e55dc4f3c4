package main

import (
	"slices"
	"time"
)

// quantile is the value that a share q of all values does not exceed, 0 of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// inMillis are durations in milliseconds.
func inMillis(durations []time.Duration) []float64 {
	out := make([]float64, len(durations))
	for i, d := range durations {
		out[i] = d.Seconds() * 1000
	}
	return out
}

func sum(durations []time.Duration) time.Duration {
	var total time.Duration
	for _, d := range durations {
		total += d
	}
	return total
}

// count is how many of something there are.
func count(n uint64) int { return int(n) } //nolint:gosec // nothing here comes near what an int holds
