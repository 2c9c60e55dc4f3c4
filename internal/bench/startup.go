package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/engine"
	"github.com/snykstream/snykstream/server"
)

// startEvents is how many events are stored when a server starts, at full scale.
const startEvents = 1_000_000

// startup measures from the start of a process to its first answer, on a folder with a
// million events: after kill -9 in the middle of the writing, and after a clean stop.
// The limit is a process that opens the engine alone.
func startup(ctx context.Context, b *bench) ([]row, error) {
	dir, err := b.folder("startup")
	if err != nil {
		return nil, err
	}
	filling, err := spawn(ctx, "fill", orders{Dir: dir, Events: b.events(startEvents)})
	if err != nil {
		return nil, err
	}
	if _, err := filling.await("filled"); err != nil {
		return nil, err
	}
	filling.kill()

	s := starter{dir: dir}
	// The server goes first: what a start mends is then mended for the limit.
	var crashed, clean [2]time.Duration
	for _, start := range []struct {
		role string
		took *time.Duration
		end  func(*child) error
	}{
		{"serve", &crashed[0], killed},
		{"engine", &crashed[1], killed},
		{"serve", new(time.Duration), (*child).end},
		{"serve", &clean[0], (*child).end},
		{"engine", &clean[1], (*child).end},
	} {
		if *start.took, err = s.start(ctx, start.role, start.end); err != nil {
			return nil, err
		}
	}
	const limitIs = "the engine alone"
	goal := target{Below: 3}
	return []row{
		compare("startup, after kill -9", seconds, crashed[0].Seconds(), crashed[1].Seconds(), limitIs, goal),
		compare("startup, after a clean stop", seconds, clean[0].Seconds(), clean[1].Seconds(), limitIs, goal),
	}, nil
}

func killed(c *child) error {
	c.kill()
	return nil
}

// starter starts processes on a folder.
type starter struct{ dir string }

// start is how long a process takes until it does what it is for. It is ended after.
func (s starter) start(ctx context.Context, role string, end func(*child) error) (time.Duration, error) {
	began := time.Now()
	c, err := spawn(ctx, role, orders{Dir: s.dir})
	if err != nil {
		return 0, err
	}
	address, err := c.await("started")
	if err == nil && address != "" {
		err = firstAnswer(ctx, address)
	}
	took := time.Since(began)
	return took, errors.Join(err, end(c))
}

// firstAnswer calls a server that may not serve yet.
func firstAnswer(ctx context.Context, address string) error {
	caller, err := client.New(client.Config{Address: address})
	if err != nil {
		return err
	}
	_, err = caller.Sources().ListSources(ctx, &snykstreamv1.ListSourcesRequest{}, grpc.WaitForReady(true))
	return errors.Join(err, caller.Close())
}

// fillAsChild fills a folder, and waits to be killed.
func fillAsChild(ctx context.Context, o orders, in *bufio.Reader, out io.Writer) error {
	s, err := openStore(ctx, o.Dir)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, o.Events); err != nil {
		return err
	}
	if err := say(out, "filled"); err != nil {
		return err
	}
	untilEnd(in)
	return s.close(ctx)
}

// serveAsChild serves a folder as snykstreamd does.
func serveAsChild(ctx context.Context, o orders, in *bufio.Reader, out io.Writer) error {
	built, err := server.New(ctx, server.Config{Config: settings(o.Dir, ""), Log: faults()})
	if err != nil {
		return err
	}
	if err := say(out, "started", built.Addr()); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		untilEnd(in)
		stop()
	}()
	return built.Run(ctx)
}

// engineAsChild opens the engine and nothing else.
func engineAsChild(ctx context.Context, o orders, in *bufio.Reader, out io.Writer) error {
	e, err := engine.Open(ctx, engine.Config{DataDir: o.Dir, Log: faults()})
	if err != nil {
		return err
	}
	if err := say(out, "started"); err != nil {
		return err
	}
	untilEnd(in)
	return e.Close(ctx)
}
