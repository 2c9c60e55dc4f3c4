package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// crowds are how many subscribers replay at a time, and how much of the history each
// of them reads: one reads it all, of many each reads its beginning, so that a round
// is done within seconds.
var crowds = []struct {
	subscribers int
	share       float64
}{{1, 1}, {8, 0.25}, {64, 0.05}}

// replays are the scenarios of reading the stored history from its beginning.
func replays() []scenario {
	var all []scenario
	for _, crowd := range crowds {
		for _, k := range kinds {
			all = append(all, scenario{
				name: fmt.Sprintf("replay/%d/%s", crowd.subscribers, k.name), within: 2 * time.Minute, history: true,
				run: func(ctx context.Context, b *bench) ([]row, error) {
					h, err := b.history(ctx)
					if err != nil {
						return nil, err
					}
					r := replay{history: h, subscribers: crowd.subscribers, kind: k, rounds: b.rounds()}
					r.events = max(int(float64(h.events)*crowd.share)/pageEvents, 1) * pageEvents
					return r.measure(ctx)
				},
			})
		}
	}
	return all
}

// replay reads so many of the history's events with so many subscribers.
type replay struct {
	*history
	subscribers int
	events      int
	kind        kind
	rounds      int
}

// passing is how many of the history's first events pass the filter.
func (r replay) passing() int {
	n := 0
	for i := range r.events {
		if r.kind.passes(names[i%len(names)]) {
			n++
		}
	}
	return n
}

// measure has the bare server and ours take turns, after one turn that does not count.
func (r replay) measure(ctx context.Context) ([]row, error) {
	ours := load{address: r.server.address, subscribers: r.subscribers, events: r.passing(), kind: r.kind}
	bare, unfiltered := ours, ours
	bare.address, unfiltered.address = r.bare.address, r.bare.address
	unfiltered.kind, unfiltered.events = kinds[0], r.events

	if _, err := ours.run(ctx); notBuilt(err) {
		return []row{{Scenario: r.name(""), Note: "not built"}}, nil
	} else if err != nil {
		return nil, err
	}
	var limits, passed, considered, all []float64
	for round := -1; round < r.rounds; round++ {
		limit, err := bare.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("the bare server: %w", err)
		}
		whole := limit
		if r.kind.passing != unfiltered.kind.passing {
			if whole, err = unfiltered.run(ctx); err != nil {
				return nil, fmt.Errorf("the bare server: %w", err)
			}
		}
		got, err := ours.run(ctx)
		if err != nil {
			return nil, err
		}
		if round < 0 {
			continue
		}
		limits, all = append(limits, limit.rate()), append(all, whole.rate())
		passed, considered = append(passed, got.rate()), append(considered, got.considering())
	}
	return r.rows(passed, limits, considered, all), nil
}

func (r replay) rows(passed, limits, considered, all []float64) []row {
	goal := r.kind.target
	if r.subscribers > 1 {
		goal = target{}
	}
	if len(r.kind.include) == 0 {
		return []row{medians(r.name(""), perSecond, passed, limits, "bare gRPC", goal)}
	}
	return []row{
		medians(r.name(", read"), perSecond, considered, all, "bare gRPC, unfiltered", goal),
		medians(r.name(", passed"), perSecond, passed, limits, "bare gRPC, what passes", target{}),
	}
}

func (r replay) name(what string) string {
	return fmt.Sprintf("replay/%d/%s%s", r.subscribers, r.kind.name, what)
}

// notBuilt says that the server refuses what a later release has.
func notBuilt(err error) bool {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetReason() == "NOT_YET_SUPPORTED" {
			return true
		}
	}
	return false
}
