package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Who holds streams, and how much there is to replay.
const (
	idleStreams     = 1000
	idleConnections = 10
	livePages       = 5
	replayStreams   = 64
	replayTime      = 3 * time.Second
	replayEvents    = 50_000
	// quiet is longer than the engine keeps blocks of the journal in memory after they
	// were written or read: they are nobody's, and would drown what a stream holds.
	quiet = 12 * time.Second
)

// memory measures what the server holds for its subscribers, who are in a process of
// their own: those who have caught up and have had live events, what stays when they
// are gone, and those who replay. The limit is the bare server with as many streams.
func memory(ctx context.Context, b *bench) ([]row, error) {
	ours, err := b.holdOurs(ctx)
	if err != nil {
		return nil, err
	}
	bare, err := b.holdBare(ctx)
	if err != nil {
		return nil, fmt.Errorf("the bare server: %w", err)
	}
	idle, replaying := b.callers(idleStreams), b.callers(replayStreams)
	const limitIs = "bare gRPC"
	name := func(what string) string { return "memory/" + what }
	left := compare(name(fmt.Sprintf("left by %d who came and went, in all", idle)), kibibytes, ours.left, bare.left, limitIs, target{})
	left.Note = fmt.Sprintf("%d goroutines left", ours.goroutinesLeft)
	return []row{
		compare(name(fmt.Sprintf("%d caught up, each", idle)), kibibytes, ours.idle, bare.idle, limitIs, target{Below: 64}),
		compare(name(fmt.Sprintf("%d caught up, each, resident", idle)), kibibytes, ours.idleResident, bare.idleResident, limitIs, target{}),
		left,
		compare(name(fmt.Sprintf("%d replaying, each, at most", replaying)), kibibytes, ours.replaying, bare.replaying, limitIs, target{}),
	}, nil
}

// held is what a server holds, in KiB.
type held struct {
	idle, idleResident, left, replaying float64
	goroutinesLeft                      int
}

// holdOurs measures a server on a journal that is appended to.
func (b *bench) holdOurs(ctx context.Context) (result held, err error) {
	dir, err := b.folder("memory")
	if err != nil {
		return held{}, err
	}
	h, err := openHall(ctx, dir)
	if err != nil {
		return held{}, err
	}
	defer func() { err = errors.Join(err, h.shut(ctx)) }()
	if err := h.fill(ctx, b.events(replayEvents)); err != nil {
		return held{}, err
	}
	return b.hold(ctx, h.address, holding{rest: b.time(quiet), send: func() error {
		// What streams hold after they have sent something is what counts.
		return h.fill(ctx, count(h.state.LastSequence)+livePages*pageEvents)
	}})
}

// holdBare measures the bare server, whose idle streams have sent a message each.
func (b *bench) holdBare(ctx context.Context) (result held, err error) {
	dir, err := b.folder("memory-bare")
	if err != nil {
		return held{}, err
	}
	h := &history{dir: dir, events: b.events(poolMessages * messageEvents)}
	if err := h.open(ctx); err != nil {
		return held{}, errors.Join(err, h.close())
	}
	defer func() { err = errors.Join(err, h.bare.close()) }()
	if err := h.server.close(); err != nil {
		return held{}, err
	}
	return b.hold(ctx, h.bare.address, holding{rest: b.time(time.Second), send: func() error { return nil }})
}

// holding says how a server is held that is measured: how its streams are sent to,
// and how long it rests before it is measured.
type holding struct {
	send func() error
	rest time.Duration
}

// hold measures a server before, with and after its subscribers.
func (b *bench) hold(ctx context.Context, address string, h holding) (held, error) {
	idle := orders{Address: address, Connections: idleConnections, Streams: b.callers(idleStreams), Pool: "once"}
	alone := runtime.NumGoroutine()
	// What a server makes once, for the first thousand that come, is no subscriber's;
	// what the second thousand leave behind is a leak.
	if _, err := with(ctx, idle, holding{send: h.send}); err != nil {
		return held{}, err
	}
	pause(ctx, h.rest)
	if err := gone(ctx, alone); err != nil {
		return held{}, err
	}
	before := settled()
	full, err := with(ctx, idle, h)
	if err != nil {
		return held{}, err
	}
	if err := gone(ctx, alone); err != nil {
		return held{}, err
	}
	after := settled()
	replaying := orders{Address: address, Streams: b.callers(replayStreams), Replay: true, Pool: "all"}
	replaying.Connections = replaying.Streams
	most, err := b.whileReplaying(ctx, replaying)
	if err != nil {
		return held{}, err
	}
	return held{
		idle:           kib(full.inUse-before.inUse) / float64(idle.Streams),
		idleResident:   kib(full.resident-before.resident) / float64(idle.Streams),
		left:           kib(after.inUse - before.inUse),
		goroutinesLeft: after.goroutines - before.goroutines,
		replaying:      kib(most-after.inUse) / float64(replaying.Streams),
	}, nil
}

func kib(bytes int64) float64 { return float64(bytes) / 1024 }

// with is what is held while a child holds streams, after they have been sent to.
func with(ctx context.Context, o orders, h holding) (usage, error) {
	c, err := spawn(ctx, "subscribe", o)
	if err != nil {
		return usage{}, err
	}
	if _, err := c.await("ready"); err != nil {
		return usage{}, err
	}
	if err := h.send(); err != nil {
		c.kill()
		return usage{}, err
	}
	pause(ctx, h.rest)
	return settled(), c.end()
}

// whileReplaying is the most that is in use while a child replays, garbage included.
func (b *bench) whileReplaying(ctx context.Context, o orders) (int64, error) {
	c, err := spawn(ctx, "subscribe", o)
	if err != nil {
		return 0, err
	}
	if _, err := c.await("ready"); err != nil {
		return 0, err
	}
	watching, cancel := context.WithTimeout(ctx, b.time(replayTime))
	defer cancel()
	most := peak(watching)
	return most, c.end()
}

// gone waits until no more goroutines than before are left. What is left for longer is
// for the table to show.
func gone(ctx context.Context, before int) error {
	patience := time.Now().Add(5 * time.Second)
	return eventually(ctx, 50*time.Millisecond, func() (bool, error) {
		return runtime.NumGoroutine() <= before || time.Now().After(patience), nil
	})
}

// pause waits.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
