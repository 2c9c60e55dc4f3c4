// Command snyksim runs the simulator of Snyk's API alone, so that snykstreamd
// can be tried, or driven by tests of another process, without a Snyk account.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "snyksim:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	listen  string
	seed    uint64
	rate    float64
	history int
	control bool
	limits  bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	set := flag.NewFlagSet("snyksim", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.listen, "listen", "127.0.0.1:9000", "address to serve on")
	set.Uint64Var(&o.seed, "seed", 1, "makes every id, secret and record")
	set.Float64Var(&o.rate, "rate", 1, "live events a second; 0 for none")
	set.IntVar(&o.history, "history", 2000, "past records of each organization")
	set.BoolVar(&o.control, "control", false, "answer /_sim/, which needs no authentication, to add records and faults")
	set.BoolVar(&o.limits, "rate-limit", true, "enforce Snyk's rate limits")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	switch {
	case set.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case o.rate < 0:
		return o, errors.New("--rate must not be negative")
	case o.history < 0:
		return o, errors.New("--history must not be negative")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := newProgram(o, stdout)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}
