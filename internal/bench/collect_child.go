package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// collectAsChild is a server that collects from the simulated Snyk, and reports what
// that cost when it is told to.
func collectAsChild(ctx context.Context, o orders, in *bufio.Reader, out io.Writer) (err error) {
	s, err := serve(ctx, o.Dir, o.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return costing(ctx, in, out, s.address, func() error { return nil })
}

// fetchAsChild is the bare collector.
func fetchAsChild(ctx context.Context, o orders, in *bufio.Reader, out io.Writer) error {
	return costing(ctx, in, out, "", func() error { return fetch(ctx, o) })
}

// costing says that it has started, does its work, and when it is told to, tells what
// this process has spent since.
func costing(ctx context.Context, in *bufio.Reader, out io.Writer, address string, work func() error) error {
	settled()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var most int64
	var group errgroup.Group
	group.Go(func() error {
		most = peak(watching)
		return nil
	})
	used := processorTime()
	if err := say(out, "started", address); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	spent := processorTime() - used
	stop()
	_ = group.Wait()
	if err := say(out, "spent", int64(spent), most, kilobytes("VmHWM")); err != nil {
		return err
	}
	untilEnd(in)
	return nil
}

// processorTime is what this process has used so far of all processors.
func processorTime() time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
