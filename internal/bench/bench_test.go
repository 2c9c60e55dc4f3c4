package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childRole) != "" {
		if err := start(context.Background()); err != nil {
			panic(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// TestBenchRuns: every scenario runs, and every row has a figure beside its limit.
func TestBenchRuns(t *testing.T) {
	cfg, err := parse([]string{"-scale", "0.002", "-json", "-dir", t.TempDir()}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	if err := cfg.run(t.Context(), &out, &progress); err != nil {
		t.Errorf("%v\n%s", err, &progress)
	}
	var result report
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range result.Rows {
		seen[group(r.Scenario)] = true
		switch {
		case r.Note == "not built":
		case strings.Contains(r.Scenario, "/left by ") && r.measured() && r.LimitIs != "": // nothing may be left
		case !r.measured() || r.LimitIs == "" || r.Figure == 0 || r.Limit == 0:
			t.Errorf("a row without a figure or without its limit: %+v", r)
		}
	}
	for _, s := range scenarios() {
		if !seen[group(s.name)] {
			t.Errorf("%s has no row", s.name)
		}
	}
	if result.Machine.Go == "" || result.Machine.FsyncP50 <= 0 {
		t.Errorf("the machine: %+v", result.Machine)
	}
	t.Logf("%s\n%d rows in %.1f s", &progress, len(result.Rows), result.Seconds)
}

// group is the first word of a name.
func group(name string) string { return regexp.MustCompile(`^[a-z]+`).FindString(name) }

// TestBrokenScenario: one that fails is seen in the table and in the exit, and does not
// stop the others.
func TestBrokenScenario(t *testing.T) {
	broken := errors.New("broken")
	all := []scenario{
		{name: "one", within: time.Minute, run: func(context.Context, *bench) ([]row, error) { return nil, broken }},
		{name: "two", within: time.Nanosecond, run: func(ctx context.Context, _ *bench) ([]row, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
		{name: "three", within: time.Minute, run: func(context.Context, *bench) ([]row, error) {
			return []row{compare("three", seconds, 1, 2, "limit", target{})}, nil
		}},
		{name: "unasked", within: time.Minute, run: func(context.Context, *bench) ([]row, error) { return nil, errors.New("ran") }},
	}
	b := &bench{scale: 1, dir: t.TempDir(), progress: &bytes.Buffer{}}
	rows, err := b.runAll(t.Context(), all, regexp.MustCompile("^(one|two|three)$"))
	if !errors.Is(err, broken) || !errors.Is(err, context.DeadlineExceeded) || len(rows) != 3 {
		t.Fatalf("%v, %+v", err, rows)
	}
	if !strings.HasPrefix(rows[0].Note, "FAILED") || !strings.HasPrefix(rows[1].Note, "FAILED") || !rows[2].measured() {
		t.Errorf("%+v", rows)
	}
}
