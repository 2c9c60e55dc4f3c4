package snyksim

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Match says which requests a fault may hit. The zero value matches every one.
type Match struct {
	// Kinds of endpoints; empty means all.
	Kinds []Kind
	// ScopeIDs are the groups and organizations in the path; empty means all.
	ScopeIDs []string
	// Nth is the first of the matching requests that is hit, counted from 1; 0 means 1.
	Nth int
	// Every hits each so-manieth request from Nth on; 0 means each.
	Every int
	// Probability of a hit, thrown with dice of the seed; 0 means always.
	Probability float64
	// When is a further condition, called with no lock held.
	When func(*http.Request) bool
}

// Fault is something that goes wrong: an effect, and when it happens.
type Fault struct {
	// Name counts the fault in FaultsFired; default the effect's own.
	Name  string
	Match Match
	// Times bounds how often it fires; 0 means without bound.
	Times int
	// For ends it so long after it first fired; 0 means never.
	For    time.Duration
	Effect Effect
}

// Injected is a fault in force.
type Injected struct {
	set   *faultSet
	fault Fault

	// Guarded by set.mu.
	matched int
	fired   int
	first   time.Time
}

// armedFault is a fault that has chosen a request; it fires when its effect
// finds something to work on.
type armedFault struct {
	*Injected
	name   string
	effect Effect
	fired  bool // for this request
}

// faultSet holds the faults in force and counts what they did.
type faultSet struct {
	mu    sync.Mutex // guards everything below
	dice  *rand.Rand
	list  []*Injected
	fired map[string]int
}

func newFaultSet(seed uint64) *faultSet {
	return &faultSet{dice: newRand(seed, streamFaults), fired: make(map[string]int)}
}

// Inject puts a fault in force. Several work together on one request, in the
// order in which they were injected.
func (s *Sim) Inject(f Fault) *Injected {
	if f.Name == "" {
		f.Name = f.Effect.name
	}
	set := s.faults
	set.mu.Lock()
	defer set.mu.Unlock()
	in := &Injected{set: set, fault: f}
	set.list = append(set.list, in)
	return in
}

// Fired is how often this fault has fired.
func (f *Injected) Fired() int {
	f.set.mu.Lock()
	defer f.set.mu.Unlock()
	return f.fired
}

// Remove takes the fault away.
func (f *Injected) Remove() {
	f.set.mu.Lock()
	defer f.set.mu.Unlock()
	f.set.list = slices.DeleteFunc(f.set.list, func(g *Injected) bool { return g == f })
}

// ClearFaults takes all faults away; a 429 in force stays until its quiet period.
func (s *Sim) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// FaultsFired counts how often faults of each name have fired.
func (s *Sim) FaultsFired() map[string]int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return maps.Clone(s.faults.fired)
}

// arm finds the faults that chose this request.
func (set *faultSet) arm(x *exchange) []*armedFault {
	set.mu.Lock()
	list := slices.Clone(set.list)
	set.mu.Unlock()
	var armed []*armedFault
	for _, f := range list {
		m := f.fault.Match
		if len(m.Kinds) > 0 && !slices.Contains(m.Kinds, x.kind) {
			continue
		}
		if len(m.ScopeIDs) > 0 && !slices.Contains(m.ScopeIDs, x.scopeID) {
			continue
		}
		if m.When != nil && !m.When(x.request) {
			continue
		}
		if f.choose(x.now) {
			armed = append(armed, &armedFault{Injected: f, name: f.fault.Name, effect: f.fault.Effect})
		}
	}
	return armed
}

// choose counts a matching request and throws the dice.
func (f *Injected) choose(now time.Time) bool {
	f.set.mu.Lock()
	defer f.set.mu.Unlock()
	m := f.fault.Match
	f.matched++
	since := f.matched - max(m.Nth, 1)
	if since < 0 || (m.Every > 1 && since%m.Every != 0) || f.spent(now) {
		return false
	}
	return m.Probability <= 0 || f.set.dice.Float64() < m.Probability
}

func (f *Injected) spent(now time.Time) bool {
	if f.fault.Times > 0 && f.fired >= f.fault.Times {
		return true
	}
	return f.fault.For > 0 && !f.first.IsZero() && now.Sub(f.first) >= f.fault.For
}

// claim fires the fault for a request, once however many parts its effect has;
// false means that other requests have used it up.
func (a *armedFault) claim(x *exchange) bool {
	set := a.set
	set.mu.Lock()
	defer set.mu.Unlock()
	if a.fired {
		return true
	}
	if a.spent(x.now) {
		return false
	}
	if a.first.IsZero() {
		a.first = x.now
	}
	a.fired = true
	a.Injected.fired++
	set.fired[a.name]++
	return true
}
