package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/snykstream/snykstream/internal/snyksim"
)

// world is a simulated Snyk with the history of one organization, on a listener on
// loopback.
type world struct {
	url, token string
	records    int
	// first is the time of the first record. The others follow in historySteps.
	first  time.Time
	server *http.Server
	done   chan error
}

// newWorld makes a Snyk whose limits do not slow down a collector.
func newWorld(ctx context.Context, records int) (*world, error) {
	sim, err := snyksim.New(snyksim.Config{Seed: 1, RateLimit: snyksim.RateLimit{Windows: []snyksim.Window{
		{Count: 1600, Per: time.Second}, {Count: 16_200, Per: time.Minute}, {Count: 972_000, Per: time.Hour},
	}}})
	if err != nil {
		return nil, err
	}
	sim.PutOrg(snyksim.Org{ID: organizationID, Name: "Benchmark"})
	w := &world{
		records: records, first: historyTime(startEvents - records), done: make(chan error, 1),
		token:  sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(organizationID)}}).Value,
		server: &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second},
	}
	made := make([]snyksim.Record, records)
	for n := range made {
		created := w.first.Add(time.Duration(n) * historyStep)
		made[n] = snyksim.Record{Created: created, Event: names[n%len(names)], Raw: string(raw(n, created))}
	}
	sim.Append(organizationID, made...)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.url = "http://" + listener.Addr().String()
	go func() { w.done <- w.server.Serve(listener) }()
	return w, nil
}

func (w *world) close() error {
	err := w.server.Close()
	if ended := <-w.done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
