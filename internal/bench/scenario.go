package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"time"
)

// scenario is one thing that is measured, with its limit.
type scenario struct {
	// name is what -run matches: words with slashes between.
	name string
	// within bounds its time. It is no measurement.
	within time.Duration
	// history says that it reads the stored history, which stays open for the next
	// one that does.
	history bool
	run     func(ctx context.Context, b *bench) ([]row, error)
}

// scenarios are all, in the order in which they run: what holds much memory comes
// late, so that it does not stand in the others' way.
func scenarios() []scenario {
	return slices.Concat(
		replays(),
		[]scenario{{name: "ingest", within: time.Minute, run: ingest}},
		latencies(),
		[]scenario{
			{name: "collect", within: 2 * time.Minute, run: collect},
			{name: "memory", within: 2 * time.Minute, run: memory},
			{name: "startup", within: 3 * time.Minute, run: startup},
		},
	)
}

// bench is what the scenarios of a run share.
type bench struct {
	scale    float64
	dir      string
	progress io.Writer
	folders  int
	// opened is the stored history, nil while no scenario needs it.
	opened *history
}

// events is how many events a scenario takes that takes n of them at full scale:
// whole pages, and enough to measure at all.
func (b *bench) events(n int) int {
	const least = 10 * pageEvents
	return max(int(float64(n)*b.scale)/pageEvents*pageEvents, least)
}

// time is how long a scenario measures that does so for d at full scale.
func (b *bench) time(d time.Duration) time.Duration {
	return max(time.Duration(float64(d)*b.scale), 300*time.Millisecond)
}

// callers is how many subscribers a scenario has that has n at full scale. Only runs
// too small to mean anything have fewer.
func (b *bench) callers(n int) int {
	return max(int(math.Ceil(float64(n)*min(1, 10*b.scale))), 1)
}

// rounds is how often what is noisy is measured.
func (b *bench) rounds() int {
	if b.scale < 0.05 {
		return 1
	}
	return 3
}

// folder makes a new folder on the disk that is measured.
func (b *bench) folder(name string) (string, error) {
	b.folders++
	dir := filepath.Join(b.dir, fmt.Sprintf("%02d-%s", b.folders, name))
	return dir, os.Mkdir(dir, 0o700)
}

// runAll runs the scenarios whose names match. One that fails does not stop the
// others.
func (b *bench) runAll(ctx context.Context, all []scenario, only *regexp.Regexp) (rows []row, failed error) {
	for _, s := range all {
		if !only.MatchString(s.name) || ctx.Err() != nil {
			continue
		}
		began := time.Now()
		_, _ = fmt.Fprintf(b.progress, "%s ...", s.name)
		made, err := b.runOne(ctx, s)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.name, err))
			made = append(made, row{Scenario: s.name, Note: "FAILED: " + err.Error()})
		}
		_, _ = fmt.Fprintf(b.progress, " %.1f s\n", time.Since(began).Seconds())
		rows = append(rows, made...)
	}
	return rows, errors.Join(failed, ctx.Err())
}

func (b *bench) runOne(ctx context.Context, s scenario) ([]row, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	if !s.history {
		if err := b.closeHistory(); err != nil {
			return nil, err
		}
	}
	// What the scenario before left behind is not this one's.
	debug.FreeOSMemory()
	return s.run(ctx, b)
}
