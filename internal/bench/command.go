package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/pprof"
	"time"
)

// command is what the flags ask for.
type command struct {
	only    *regexp.Regexp
	scale   float64
	json    bool
	profile string
	dir     string
}

func parse(args []string, usage io.Writer) (command, error) {
	c := command{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(usage)
	only := flags.String("run", "", "run the scenarios whose names match this regular expression alone")
	flags.Float64Var(&c.scale, "scale", 1, "share of the events and of the time: 0.1 for a quick look, with rougher figures")
	flags.BoolVar(&c.json, "json", false, "print JSON instead of the table")
	flags.StringVar(&c.profile, "cpuprofile", "", "write a CPU profile to this file, and those of processes of its own beside it")
	flags.StringVar(&c.dir, "dir", "", "folder on the disk to measure (default: the one for temporary files)")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unknown argument %q: see -help", flags.Arg(0))
	}
	if c.scale <= 0 || c.scale > 1 {
		return c, fmt.Errorf("-scale %v: must be above 0, up to 1", c.scale)
	}
	var err error
	if c.only, err = regexp.Compile(*only); err != nil {
		return c, fmt.Errorf("-run: %w", err)
	}
	return c, nil
}

// run measures what is asked for and prints it. Rows of scenarios that failed say so,
// and an error comes back with them.
func (c command) run(ctx context.Context, out, progress io.Writer) (err error) {
	work, err := os.MkdirTemp(c.dir, "snykstream-bench-")
	if err != nil {
		return fmt.Errorf("make a folder to work in: %w", err)
	}
	b := &bench{scale: c.scale, dir: work, progress: progress}
	defer func() { err = errors.Join(err, b.closeHistory(), os.RemoveAll(work)) }()
	if c.profile != "" {
		stop, err := profile(c.profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		if err := os.Setenv(childProfile, c.profile); err != nil {
			return err
		}
	}
	about, err := inspect(work)
	if err != nil {
		return err
	}
	began := time.Now()
	rows, failed := b.runAll(ctx, scenarios(), c.only)
	result := report{Machine: about, Scale: c.scale, Seconds: time.Since(began).Seconds(), Rows: rows}
	return errors.Join(result.print(out, c.json), failed)
}

// profile writes a CPU profile until stop is called.
func profile(file string) (stop func() error, err error) {
	to, err := os.Create(file) //nolint:gosec // whoever runs the benchmarks names it
	if err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(to); err != nil {
		return nil, errors.Join(fmt.Errorf("profile: %w", err), to.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return to.Close()
	}, nil
}
