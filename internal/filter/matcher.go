package filter

import (
	"fmt"

	"github.com/snykstream/snykstream/internal/wire"
)

// Matcher asks a plan about one event after the other. It has memory to work in and
// counts, so it is for one goroutine.
type Matcher struct {
	plan   *Plan
	event  asked
	misses uint64
	// broken is why there is no program, which Compile has seen to.
	broken error
}

// Matcher makes a matcher.
func (p *Plan) Matcher() *Matcher {
	m := &Matcher{plan: p}
	for _, x := range p.expressions {
		program, err := x.program(&m.event.meter)
		if err != nil && m.broken == nil {
			m.broken = err
		}
		m.event.programs = append(m.event.programs, program)
	}
	return m
}

// Judgement is what a plan says of an event.
type Judgement struct {
	// Included says that include lets the event through, whatever exclude says.
	Included bool
	// Passes says that the event is to be sent.
	Passes bool
}

// Match says whether the event passes. See Judge for errors.
func (m *Matcher) Match(e wire.Event) (bool, error) {
	j, err := m.Judge(e)
	return j.Passes, err
}

// Judge says what the plan makes of the event.
//
// The error wraps wire.ErrDamaged for bytes that cannot be read. Where an
// expression is too expensive for the event it is an *audit.Error of KindExhausted
// with EXPRESSION_COST, and where it cannot be evaluated one of KindPrecondition
// with EXPRESSION_FAILED: both name the filter and the event.
func (m *Matcher) Judge(e wire.Event) (Judgement, error) {
	if m.plan.All() {
		return Judgement{Included: true, Passes: true}, nil
	}
	if m.broken != nil {
		return Judgement{}, m.broken
	}
	if err := m.event.read(e, m.plan.need); err != nil {
		return Judgement{}, fmt.Errorf("reading an event to filter it: %w", err)
	}
	j := Judgement{Included: len(m.plan.include) == 0}
	var err error
	for i := 0; !j.Included && i < len(m.plan.include) && err == nil; i++ {
		var v verdict
		v, err = m.plan.include[i].judge(&m.event)
		j.Included = err == nil && v != fails
	}
	j.Passes = j.Included
	for i := 0; j.Passes && i < len(m.plan.exclude) && err == nil; i++ {
		var v verdict
		v, err = m.plan.exclude[i].judge(&m.event)
		j.Passes = err == nil && v != fits
	}
	if m.event.missed {
		m.misses++
	}
	m.event.forget()
	if err != nil {
		return Judgement{}, err
	}
	return j, nil
}

// Misses counts the events for which an expression asked for what they do not have.
func (m *Matcher) Misses() uint64 { return m.misses }
