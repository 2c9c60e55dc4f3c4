package telemetry

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

const docsHead = `# Metrics

<!-- Written by: go test ./internal/telemetry -update -->

` + "`/metrics`" + ` on the admin listener (` + "`--admin-listen`" + `) has these, in Prometheus's format. Beside them are
` + "`grpc_server_*`" + ` (calls by service, method and code), ` + "`go_*` and `process_*`" + `.

| metric | type | labels | meaning |
|---|---|---|---|
`

// page is docs/metrics.md as it should be.
func page(m *Metrics) string {
	var out strings.Builder
	out.WriteString(docsHead)
	used := map[string]bool{}
	byName := slices.SortedFunc(slices.Values(m.reference), func(a, b definition) int { return cmp.Compare(a.name, b.name) })
	for _, def := range byName {
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", def.name, def.kind, strings.Join(def.labels, ", "), def.help)
		for _, label := range def.labels {
			used[label] = true
		}
	}
	out.WriteString("\n| label | values |\n|---|---|\n")
	for _, label := range slices.Sorted(func(yield func(string) bool) {
		for label := range used {
			if !yield(label) {
				return
			}
		}
	}) {
		fmt.Fprintf(&out, "| %s | %s |\n", label, labelMeanings[label])
	}
	return out.String()
}

func TestDocsAreCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "metrics.md")
	want := page(NewMetrics())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/metrics.md is not what the metrics are; write it anew with go test ./internal/telemetry -update (-want +got):\n%s", diff)
	}
}

// TestReferenceIsTrue holds the definitions against what a server that did
// everything once really serves.
func TestReferenceIsTrue(t *testing.T) {
	m := NewMetrics()
	m.Observe(sources)
	m.SnykRequest(nil, time.Second)
	m.Appended(audit.Page{Records: []audit.Record{{}}, Gaps: []*snykstreamv1.Gap{{}}}, nil, time.Second)
	m.PollFailed("prod", snykstreamv1.ErrorReason_ERROR_REASON_SNYK_GONE)
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var served []definition
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "snykstream_") {
			continue
		}
		def := definition{name: family.GetName(), kind: strings.ToLower(family.GetType().String()), help: family.GetHelp()}
		for _, pair := range family.GetMetric()[0].GetLabel() {
			def.labels = append(def.labels, pair.GetName())
		}
		served = append(served, def)
	}
	documented := slices.Clone(m.reference)
	for i := range documented {
		documented[i].labels = slices.Sorted(slices.Values(documented[i].labels))
	}
	slices.SortFunc(documented, func(a, b definition) int { return cmp.Compare(a.name, b.name) })
	if diff := gocmp.Diff(served, documented, gocmp.AllowUnexported(definition{})); diff != "" {
		t.Errorf("documented is not what is served (-served +documented):\n%s", diff)
	}
}

func TestNamesAndLabels(t *testing.T) {
	for _, def := range NewMetrics().reference {
		if counts := strings.HasSuffix(def.name, "_total"); counts != (def.kind == kindCounter) {
			t.Errorf("%s is a %s", def.name, def.kind)
		}
		if def.kind == kindHistogram && !strings.HasSuffix(def.name, "_seconds") {
			t.Errorf("%s has no unit", def.name)
		}
		if !strings.HasSuffix(def.help, ".") || strings.Contains(def.help, "|") {
			t.Errorf("%s is explained as %q", def.name, def.help)
		}
		for _, label := range def.labels {
			if labelMeanings[label] == "" {
				t.Errorf("label %s of %s is not documented", label, def.name)
			}
		}
	}
}
