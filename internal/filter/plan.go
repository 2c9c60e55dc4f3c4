package filter

import (
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
	// need is what the conditions ask of an event, and expressions those of the
	// clauses.
	need        wire.Need
	expressions []*expression
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
	lang, err := theLanguage()
	if err != nil {
		return nil, err
	}
	c := compiler{labels: labels, language: lang}
	plan := &Plan{include: c.list("include", include), exclude: c.list("exclude", exclude)}
	for i, excluded := range plan.exclude {
		if excluded.empty() && !c.found.full() && !c.found.under(index("exclude", i)) {
			c.found.malformed(index("exclude", i), "must set a field: an empty filter would exclude everything")
		}
	}
	if len(c.found.problems) > 0 {
		return nil, audit.Invalid(c.found.problems...)
	}
	if err := plan.gather(); err != nil {
		return nil, err
	}
	cheapFirst(plan.include)
	cheapFirst(plan.exclude)
	plan.understoodInclude, plan.understoodExclude = understood(include), understood(exclude)
	return plan, nil
}

// gather notes what the clauses need, and that all expressions can be planned.
func (p *Plan) gather() error {
	for _, clauses := range [][]clause{p.include, p.exclude} {
		for _, c := range clauses {
			p.need |= c.need
			if c.expression == nil {
				continue
			}
			p.need |= c.expression.need
			c.expression.index = len(p.expressions)
			p.expressions = append(p.expressions, c.expression)
			if _, err := c.expression.program(&meter{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// All says that nothing is filtered: there is no need to ask.
func (p *Plan) All() bool { return len(p.include) == 0 && len(p.exclude) == 0 }

// Understood returns the filters as they were understood: values in order, each
// once, ids in lower case where case does not count, expressions without the space
// around them. They are not to be changed.
func (p *Plan) Understood() (include, exclude []*snykstreamv1.EventFilter) {
	return p.understoodInclude, p.understoodExclude
}
