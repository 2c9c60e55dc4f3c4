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
}{{1, 1}, {8, 0.15}, {64, 0.03}}

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
					r := replay{history: h, subscribers: b.callers(crowd.subscribers), kind: k, rounds: b.rounds()}
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

// turn is what a round brought: rates of the bare server with what passes and with
// everything, and ours of what passed and of what was considered for it. The costs are
// processor time for an event that was received, the subscribers' own included.
type turn struct{ bare, whole, passed, considered, bareCost, cost float64 }

// measure has the bare server and ours take turns, after one that does not count.
func (r replay) measure(ctx context.Context) ([]row, error) {
	warm := r
	warm.events = max(r.events/4/pageEvents, 1) * pageEvents
	if _, err := warm.turn(ctx); notBuilt(err) {
		return []row{{Scenario: r.name(""), Note: "not built"}}, nil
	} else if err != nil {
		return nil, err
	}
	var turns []turn
	for range r.rounds {
		t, err := r.turn(ctx)
		if err != nil {
			return nil, err
		}
		turns = append(turns, t)
	}
	return r.rows(turns), nil
}

func (r replay) turn(ctx context.Context) (turn, error) {
	ours := load{address: r.server.address, subscribers: r.subscribers, events: r.passing(), kind: r.kind}
	bare, whole := ours, ours
	bare.address, whole.address = r.bare.address, r.bare.address
	whole.kind, whole.events = kinds[0], r.events

	limit, err := bare.run(ctx)
	if err != nil {
		return turn{}, fmt.Errorf("the bare server: %w", err)
	}
	all := limit
	if r.filtered() {
		if all, err = whole.run(ctx); err != nil {
			return turn{}, fmt.Errorf("the bare server: %w", err)
		}
	}
	got, err := ours.run(ctx)
	return turn{bare: limit.rate(), whole: all.rate(), passed: got.rate(), considered: got.considering(), bareCost: limit.cost(), cost: got.cost()}, err
}

func (r replay) filtered() bool { return len(r.kind.include) > 0 }

func (r replay) rows(turns []turn) []row {
	var bare, whole, passed, considered, bareCost, cost []float64
	for _, t := range turns {
		bare, whole = append(bare, t.bare), append(whole, t.whole)
		passed, considered = append(passed, t.passed), append(considered, t.considered)
		bareCost, cost = append(bareCost, t.bareCost), append(cost, t.cost)
	}
	goal := r.kind.target
	if r.subscribers > 1 {
		goal = target{}
	}
	if !r.filtered() {
		return []row{
			medians(r.name(""), perSecond, passed, bare, "bare gRPC", goal),
			medians(r.name(", both sides"), micros, cost, bareCost, "bare gRPC", target{}),
		}
	}
	return []row{
		medians(r.name(", read"), perSecond, considered, whole, "bare gRPC, unfiltered", goal),
		medians(r.name(", passed"), perSecond, passed, bare, "bare gRPC, what passes", target{}),
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
