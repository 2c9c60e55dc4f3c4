package snyksim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// TrickleConfig describes a flow of live records.
type TrickleConfig struct {
	// ScopeIDs are the groups and organizations that it adds to, in turn by chance.
	ScopeIDs []string
	// Rate is records a second, for Run; default 1.
	Rate float64
	// Lateness is how long after their time records show at the longest; 0 means
	// that they show at once.
	Lateness time.Duration
	// Seed tells one trickle from another with the same simulator; 0 is fine for one.
	Seed uint64
}

// Trickle adds records whose time is now.
type Trickle struct {
	sim   *Sim
	cfg   TrickleConfig
	rng   *rand.Rand
	casts map[string]*generator
}

// NewTrickle makes a flow; nothing flows before Step or Run.
func (s *Sim) NewTrickle(cfg TrickleConfig) (*Trickle, error) {
	if cfg.Rate == 0 {
		cfg.Rate = 1
	}
	if cfg.Rate < 0 || cfg.Lateness < 0 {
		return nil, errors.New("snyksim: a trickle's rate and lateness must not be negative")
	}
	if len(cfg.ScopeIDs) == 0 {
		return nil, errors.New("snyksim: a trickle needs a group or an organization")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &Trickle{
		sim: s, cfg: cfg, casts: make(map[string]*generator),
		rng: newRand(s.cfg.Seed+cfg.Seed, streamTrickle),
	}
	for _, id := range cfg.ScopeIDs {
		if _, ok := s.logs[id]; !ok {
			return nil, fmt.Errorf("snyksim: no group or organization %q", id)
		}
		t.casts[id] = s.newGenerator(id, t.rng)
	}
	return t, nil
}

// Step adds n records with the present time and returns their handles. It must
// not be called from several goroutines at once.
func (t *Trickle) Step(n int) []RecordID {
	s := t.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]RecordID, 0, n)
	for range n {
		id := oneOf(t.rng, t.cfg.ScopeIDs)
		rec := t.casts[id].record(s.now())
		if t.cfg.Lateness > 0 {
			rec.VisibleAt = rec.Created.Add(time.Duration(t.rng.Int64N(int64(t.cfg.Lateness) + 1)))
		}
		ids = append(ids, s.add(id, false, []Record{rec})...)
	}
	return ids
}

// shortestTick bounds how often Run wakes up; higher rates add several at once.
const shortestTick = 10 * time.Millisecond

// Run adds records at the rate until ctx ends, and returns nil then.
func (t *Trickle) Run(ctx context.Context) error {
	mean := max(time.Duration(float64(time.Second)/t.cfg.Rate), shortestTick)
	due := 0.0
	last := t.sim.Now()
	timer := time.NewTimer(mean)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := t.sim.Now()
		due += now.Sub(last).Seconds() * t.cfg.Rate
		last = now
		if n := int(due + 1e-9); n > 0 {
			t.Step(n)
			due -= float64(n)
		}
		// Half to one and a half times the mean: people do not tick.
		timer.Reset(mean/2 + time.Duration(t.rng.Int64N(int64(mean))))
	}
}

// Burst adds n records in one instant, now: more of them than a page holds.
func (s *Sim) Burst(scopeID string, n int) []RecordID {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.newGenerator(scopeID, s.gen)
	now := s.now()
	recs := make([]Record, n)
	for i := range recs {
		recs[i] = g.record(now)
		recs[i].WholeSeconds = false
	}
	return s.add(scopeID, false, recs)
}
