package main

import (
	"context"
	"fmt"
	"time"
)

// appendEvents is how many events an append of the latency scenarios has.
const appendEvents = 10

// audiences are who waits for how much.
var audiences = []struct {
	appends     int // a second
	subscribers int
	target      target
}{
	{100, 1, target{Below: 10}},
	{100, 100, target{Below: 50}},
	{10, 500, target{Below: 50}},
}

// latencies are the scenarios of how long an event takes from its append to those who
// wait for it.
func latencies() []scenario {
	var all []scenario
	for _, a := range audiences {
		all = append(all, scenario{
			name: fmt.Sprintf("latency/%d", a.subscribers), within: 90 * time.Second,
			run: func(ctx context.Context, b *bench) ([]row, error) {
				l := live{bench: b, subscribers: b.callers(a.subscribers), appends: a.appends}
				return l.measure(ctx, a.target)
			},
		})
	}
	return all
}

// live is a load of appends at a pace, with subscribers who have caught up.
type live struct {
	*bench
	subscribers int
	appends     int
}

func (l live) measure(ctx context.Context, goal target) ([]row, error) {
	ours, notOurs, err := l.ours(ctx)
	if err != nil {
		return nil, err
	}
	bare, notBare, err := l.bare(ctx)
	if err != nil {
		return nil, fmt.Errorf("bare JetStream: %w", err)
	}
	name := fmt.Sprintf("latency/%d, %d events/s", l.subscribers, l.appends*appendEvents)
	const limitIs = "bare JetStream"
	rows := []row{
		compare(name+", p50", millis, quantile(ours, 0.5), quantile(bare, 0.5), limitIs, target{}),
		compare(name+", p99", millis, quantile(ours, 0.99), quantile(bare, 0.99), limitIs, goal),
	}
	if notBare != "" {
		notBare = "the limit " + notBare
	}
	for _, note := range []string{notOurs, notBare} {
		if note != "" {
			rows[1].Note += note + " "
		}
	}
	return rows, nil
}

// pace is the schedule of one side.
func (l live) pace() *pacer {
	return newPacer(l.appends, l.time(2*time.Second), l.time(10*time.Second))
}

// waits are those of all receivers, in milliseconds.
func waits(receivers []*receiver) []float64 {
	var all []time.Duration
	for _, r := range receivers {
		all = append(all, r.waits...)
	}
	return inMillis(all)
}
