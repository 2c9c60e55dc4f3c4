// Command bench measures snykstream beside what the machine could do at best: each
// figure stands next to a limit measured in the same run, since figures of a machine
// say little without it.
//
//	go run ./internal/bench              # everything, some six minutes
//	go run ./internal/bench -run replay  # the scenarios whose names match
//
// docs/PERFORMANCE.md says what is measured and how each limit is defined.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := start(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // main is where the process ends
	}
}

// start runs what this process is for: the benchmarks, or a part of one that has a
// process of its own.
func start(ctx context.Context) error {
	if role := os.Getenv(childRole); role != "" {
		return runChild(ctx, role, os.Stdin, os.Stdout)
	}
	cfg, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		return err
	}
	return cfg.run(ctx, os.Stdout, os.Stderr)
}
