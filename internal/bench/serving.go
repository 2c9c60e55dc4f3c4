package main

import (
	"context"
	"errors"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/server"
)

// serving is a server in this process, wired as snykstreamd wires it, on a real
// listener on loopback.
type serving struct {
	address string
	stop    context.CancelFunc
	done    chan error
}

// serve serves a data folder. snykURL is where its Snyk is, empty for none.
func serve(ctx context.Context, dir, snykURL string) (*serving, error) {
	built, err := server.New(ctx, server.Config{Config: settings(dir, snykURL), Log: faults()})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &serving{address: built.Addr().String(), stop: stop, done: make(chan error, 1)}
	go func() { s.done <- built.Run(ctx) }()
	select {
	case <-built.Ready():
		return s, nil
	case err := <-s.done:
		stop()
		return nil, errors.Join(errors.New("the server stopped before it served"), err)
	}
}

func settings(dir, snykURL string) config.Config {
	cfg := config.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", DataDir: dir, Retention: config.DefaultRetention, SnykBudget: 1,
	}
	if snykURL != "" {
		cfg.SnykEndpoints = map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_SNYK_US_01: snykURL}
	}
	return cfg
}

// close stops the server as SIGTERM does.
func (s *serving) close() error {
	s.stop()
	return <-s.done
}
