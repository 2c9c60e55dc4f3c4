package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// collectEvents is how many records are collected at full scale.
const collectEvents = 100_000

// collect has a whole server read the history of an organization from the simulated
// Snyk into its journal. The limit is a program that fetches as many pages with the
// same records, looks at nothing in them, and writes and syncs each to a file. Both
// have a process of their own, so that the memory is theirs; the simulated Snyk, whose
// processor time counts for both, is in this one.
func collect(ctx context.Context, b *bench) (rows []row, err error) {
	w, err := newWorld(ctx, b.events(collectEvents))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	ours, err := b.collecting(ctx, w, "collect", w.create)
	if err != nil {
		return nil, err
	}
	bare, err := b.collecting(ctx, w, "fetch", nil)
	if err != nil {
		return nil, fmt.Errorf("the bare collector: %w", err)
	}
	const limitIs = "fetch, write+fsync"
	perEvent := func(s spending) float64 { return s.processor.Seconds() * 1e6 / float64(w.records) }
	mib := func(bytes int64) float64 { return float64(bytes) / (1 << 20) }
	return []row{
		compare("collect", perSecond, rateOf(w.records, ours.took), rateOf(w.records, bare.took), limitIs, target{}),
		compare("collect, all in", micros, perEvent(ours), perEvent(bare), limitIs, target{Below: 40}),
		compare("collect, of it the server", micros, ours.own.Seconds()*1e6/float64(w.records), bare.own.Seconds()*1e6/float64(w.records),
			limitIs, target{}),
		compare("collect, heap and stacks at most", mebibytes, mib(ours.inUse), mib(bare.inUse), limitIs, target{}),
		compare("collect, resident at most", mebibytes, mib(ours.resident), mib(bare.resident), limitIs, target{}),
	}, nil
}

// spending is what a collection cost.
type spending struct {
	took time.Duration
	// processor is the time of all processors, of which own is without Snyk's.
	processor, own time.Duration
	// inUse and resident are the most memory that the collecting process had, in bytes.
	inUse, resident int64
}

// collecting measures a process in a role. It collects once begin has told it to, and
// at once where that is nil.
func (b *bench) collecting(
	ctx context.Context, w *world, role string, begin func(ctx context.Context, address string) error,
) (spending, error) {
	dir, err := b.folder(role)
	if err != nil {
		return spending{}, err
	}
	c, err := spawn(ctx, role, orders{Dir: dir, URL: w.url, Token: w.token, Events: w.records, First: w.first})
	if err != nil {
		return spending{}, err
	}
	address, err := c.await("started")
	if err != nil {
		return spending{}, err
	}
	began, used := time.Now(), processorTime()
	if begin != nil {
		if err := begin(ctx, address); err != nil {
			c.kill()
			return spending{}, err
		}
	}
	if err := c.tell("report"); err != nil {
		c.kill()
		return spending{}, err
	}
	said, err := c.await("spent")
	if err != nil {
		return spending{}, err
	}
	s := spending{took: time.Since(began), processor: processorTime() - used}
	if _, err := fmt.Sscan(said, &s.own, &s.inUse, &s.resident); err != nil {
		return spending{}, fmt.Errorf("read the report of %s: %w", role, err)
	}
	s.processor += s.own
	return s, c.end()
}

// create makes a source on a server, and waits until all that Snyk has is stored.
func (w *world) create(ctx context.Context, address string) (err error) {
	caller, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, caller.Close()) }()
	if _, err := caller.Sources().CreateSource(ctx, &snykstreamv1.CreateSourceRequest{
		SourceId: sourceID,
		Source: &snykstreamv1.Source{
			DisplayName: "Benchmark",
			Snyk:        &snykstreamv1.SnykConfig{OrganizationId: organizationID, PollInterval: durationpb.New(5 * time.Second)},
		},
		Credentials: &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_ApiToken{ApiToken: w.token}},
	}); err != nil {
		return fmt.Errorf("create the source: %w", err)
	}
	return eventually(ctx, 20*time.Millisecond, func() (bool, error) {
		answer, err := caller.Sources().GetSource(ctx, &snykstreamv1.GetSourceRequest{SourceId: sourceID})
		var stored uint64
		for _, feed := range answer.GetSource().GetStatus().GetFeeds() {
			stored += feed.GetEventsStored()
		}
		if int(stored) > w.records {
			return false, fmt.Errorf("%d events are stored of %d records", stored, w.records)
		}
		return int(stored) == w.records, err
	})
}
