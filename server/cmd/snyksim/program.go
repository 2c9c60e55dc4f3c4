package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/snyksim"
)

const (
	headerTimeout = 10 * time.Second
	stopTimeout   = 5 * time.Second
)

// program is a simulator with a small world, served over HTTP.
type program struct {
	options options
	out     io.Writer
	sim     *snyksim.Sim
	demo    snyksim.Demo
	trickle *snyksim.Trickle // nil without live events
}

func newProgram(o options, out io.Writer) (*program, error) {
	sim, err := snyksim.New(snyksim.Config{
		Seed: o.seed, Control: o.control, RateLimit: snyksim.RateLimit{Enforce: o.limits},
	})
	if err != nil {
		return nil, err
	}
	p := &program{options: o, out: out, sim: sim, demo: sim.AddDemo(o.history)}
	if o.rate > 0 {
		scopes := []string{p.demo.Orgs[0].ID, p.demo.Orgs[0].ID, p.demo.Orgs[1].ID, p.demo.Orgs[2].ID, p.demo.Group.ID}
		p.trickle, err = sim.NewTrickle(snyksim.TrickleConfig{ScopeIDs: scopes, Rate: o.rate})
	}
	return p, err
}

// Run serves until ctx ends, then lets the requests in hand finish.
func (p *program) Run(ctx context.Context) error {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", p.options.listen)
	if err != nil {
		return err
	}
	p.greet(listener.Addr())
	server := &http.Server{Handler: p.sim, ReadHeaderTimeout: headerTimeout}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var trickleErr, stopErr error
	wg.Go(func() {
		if p.trickle != nil {
			trickleErr = p.trickle.Run(ctx)
		}
	})
	wg.Go(func() {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer done()
		if stopErr = server.Shutdown(grace); stopErr != nil {
			stopErr = errors.Join(stopErr, server.Close())
		}
	})
	err = server.Serve(listener)
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, trickleErr, stopErr)
}

// greet prints what a user needs to point snykstreamd at the simulator. The
// secrets are the simulator's own and open nothing else.
func (p *program) greet(addr net.Addr) {
	d := p.demo
	lines := []string{
		fmt.Sprintf("simulated Snyk on http://%s (events a second: %g)", addr, p.options.rate),
		"",
		fmt.Sprintf("  group          %s  %s", d.Group.ID, d.Group.Name),
	}
	for _, o := range d.Orgs {
		lines = append(lines, fmt.Sprintf("  organization   %s  %s", o.ID, o.Name))
	}
	lines = append(lines,
		"  api token      "+d.Token.Value,
		"  oauth client   "+d.OAuth.ClientID,
		"  oauth secret   "+d.OAuth.ClientSecret,
		"",
		"start snykstreamd with",
		fmt.Sprintf("  --snyk-endpoint snyk-us-01=http://%s", addr),
	)
	if p.options.control {
		lines = append(lines, "", fmt.Sprintf("control: http://%s/_sim/world", addr))
	}
	for _, l := range lines {
		_, _ = fmt.Fprintln(p.out, l) // a closed terminal must not stop the simulator
	}
}
