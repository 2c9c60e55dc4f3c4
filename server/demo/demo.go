// Package demo shows the whole path on one machine, with nothing else to
// install: a simulated Snyk, a server on an embedded journal in a temporary
// folder, one source, and its events printed as they are streamed.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/client"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// Config says what is shown.
type Config struct {
	// Out is where it is shown. Required.
	Out io.Writer
	// Listen is the address of the gRPC services. Where it is taken, a free port of
	// the same host is used.
	Listen string
	// History is how many records the simulated Snyk has from the start.
	History int
	// Rate is how many events happen in a second from then on, on average.
	Rate float64
}

// Demo is ready to run once.
type Demo struct {
	cfg  Config
	sim  *snyksim.Sim
	orgs []snyksim.Org
	// token reads every organization.
	token string
	live  *snyksim.Trickle
}

// New makes the world that is shown.
func New(cfg Config) (*Demo, error) {
	if cfg.Out == nil || cfg.History < 0 || cfg.Rate < 0 {
		return nil, errors.New("demo: Out is required, History and Rate are not negative")
	}
	sim, err := snyksim.New(snyksim.Config{Seed: 1})
	if err != nil {
		return nil, err
	}
	world := sim.AddDemo(cfg.History)
	live, err := sim.NewTrickle(snyksim.TrickleConfig{ScopeIDs: []string{world.Orgs[0].ID}, Rate: cfg.Rate, Seed: 1})
	if err != nil {
		return nil, err
	}
	// An API token, since it is the shortest to show.
	token := sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.GroupAdmin(world.Group.ID)}})
	return &Demo{cfg: cfg, sim: sim, orgs: world.Orgs, token: token.Value, live: live}, nil
}

// Run shows it until ctx ends, and leaves nothing behind.
func (d *Demo) Run(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "snykstream-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	ctx, end := context.WithCancel(ctx)
	defer end()
	group, ctx := errgroup.WithContext(ctx)
	defer func() { end(); err = errors.Join(err, group.Wait()) }()

	snykURL, err := serveSnyk(ctx, group, d.sim)
	if err != nil {
		return err
	}
	address, err := serve(ctx, group, d.cfg.Listen, folder, snykURL)
	if err != nil {
		return err
	}
	caller, err := client.New(client.Config{Address: address})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, caller.Close()) }()
	if err := createSource(ctx, caller, d.orgs[0].ID, d.token); err != nil {
		return err
	}
	show := newPrinter(d.cfg.Out)
	show.welcome(address, d.orgs[1], d.token)
	group.Go(func() error { return unlessOver(ctx, d.live.Run(ctx)) })
	return unlessOver(ctx, subscribe(ctx, caller, show))
}

// unlessOver passes over an error that comes from the end of the demo.
func unlessOver(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}
