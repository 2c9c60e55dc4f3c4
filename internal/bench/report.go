package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report is what a run found.
type report struct {
	Machine machine `json:"machine"`
	Scale   float64 `json:"scale"`
	Seconds float64 `json:"seconds"`
	Rows    []row   `json:"rows"`
}

// print writes the report as JSON or as a table.
func (r report) print(out io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	lines := [][]string{{"scenario", "figure", "limit", "ratio", "target", "result"}}
	for _, row := range r.Rows {
		lines = append(lines, row.cells())
	}
	_, _ = fmt.Fprintf(table, "%s\n", r.Machine)
	if r.Scale != 1 {
		_, _ = fmt.Fprintf(table, "scale %v: figures of a run this small are rough\n", r.Scale)
	}
	_, _ = fmt.Fprintln(table)
	for _, line := range lines {
		_, _ = fmt.Fprintln(table, strings.Join(line, "\t"))
	}
	_, _ = fmt.Fprintf(table, "\n%d figures in %.0f s\n", len(r.Rows), r.Seconds)
	return table.Flush()
}
