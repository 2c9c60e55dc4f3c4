package filter

import (
	"fmt"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// Labels tells how a source is labelled now. A source that is not known has no
// labels.
type Labels = func(sourceID string) map[string]string

// Plan is a request's include and exclude, compiled. It never changes, and may
// be used from several goroutines: each asks a Matcher of its own.
type Plan struct {
	include, exclude []clause
	// understood are the filters as they were compiled.
	understoodInclude, understoodExclude []*snykstreamv1.EventFilter
}

// Compile checks and compiles a request's filters. Where any field is bad it
// returns an *audit.Error of KindInvalid that names all of them, each with its
// reason. A nil labels means that no source has any.
func Compile(include, exclude []*snykstreamv1.EventFilter, labels Labels) (*Plan, error) {
	if labels == nil {
		labels = func(string) map[string]string { return nil }
	}
	var bad problems
	found := &bad
	plan := &Plan{
		include: compileList(found, "include", include, labels),
		exclude: compileList(found, "exclude", exclude, labels),
	}
	for i, c := range plan.exclude {
		if c.empty() && !found.under(index("exclude", i)) {
			found.malformed(index("exclude", i), "must set a field: an empty filter would exclude everything")
		}
	}
	if len(bad) > 0 {
		return nil, audit.Invalid(bad...)
	}
	cheapFirst(plan.include)
	cheapFirst(plan.exclude)
	plan.understoodInclude, plan.understoodExclude = understood(include), understood(exclude)
	return plan, nil
}

func compileList(found *problems, path string, filters []*snykstreamv1.EventFilter, labels Labels) []clause {
	if len(filters) > maxFilters {
		found.malformed(path, "must have at most 64 filters")
		return nil
	}
	clauses := make([]clause, 0, len(filters))
	for i, f := range filters {
		clauses = append(clauses, compileFilter(found, index(path, i), f, labels))
	}
	return clauses
}

// All says that nothing is filtered: there is no need to ask.
func (p *Plan) All() bool { return len(p.include) == 0 && len(p.exclude) == 0 }

// Understood returns the filters as they were understood: values in order, each
// once, ids in lower case where case does not count, expressions without the space
// around them. They are not to be changed.
func (p *Plan) Understood() (include, exclude []*snykstreamv1.EventFilter) {
	return p.understoodInclude, p.understoodExclude
}

// Matcher asks a plan about one event after the other. It has memory to work in and
// counts, so it is for one goroutine.
type Matcher struct {
	plan   *Plan
	event  asked
	misses uint64
}

// Matcher makes a matcher.
func (p *Plan) Matcher() *Matcher { return &Matcher{plan: p} }

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
	if err := m.event.read(e); err != nil {
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
	if err != nil {
		return Judgement{}, err
	}
	return j, nil
}

// Misses counts the events for which an expression asked for what they do not have.
func (m *Matcher) Misses() uint64 { return m.misses }
