package main

import (
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// TestRecords: the records have the size and the shares that the table speaks of.
func TestRecords(t *testing.T) {
	shares := map[string]int{}
	for n := range 1000 {
		made := raw(n, time.Now())
		if len(made) < recordBytes-10 || len(made) > recordBytes+10 {
			t.Fatalf("record %d has %d bytes: %s", n, len(made), made)
		}
		read := audit.ReadRecord(made)
		if read.Problem != "" {
			t.Fatalf("record %d: %s: %s", n, read.Problem, made)
		}
		for _, k := range kinds {
			if k.passes(read.Event) {
				shares[k.passing]++
			}
		}
	}
	// A tenth passes by name, and again by CEL.
	if shares["all"] != 1000 || shares["tenth"] != 200 || shares["half"] != 500 {
		t.Errorf("of 1000 records pass %v", shares)
	}
}
