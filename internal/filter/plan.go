package filter

import (
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Labels tells how a source is labelled now. A source that is not known has no
// labels.
type Labels = func(sourceID string) map[string]string

// Plan is a request's include and exclude, compiled. It never changes, and may
// be asked from several goroutines.
type Plan struct {
	include, exclude []clause
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
		if len(c) == 0 && !found.under(index("exclude", i)) {
			found.malformed(index("exclude", i), "must set a field: an empty filter would exclude everything")
		}
	}
	if len(bad) > 0 {
		return nil, audit.Invalid(bad...)
	}
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

// Match says whether the event passes.
func (p *Plan) Match(event *snykstreamv1.Event) bool {
	if len(p.include) == 0 && len(p.exclude) == 0 {
		return true
	}
	return p.match(factsOf(event))
}

func (p *Plan) match(f facts) bool {
	passes := len(p.include) == 0
	for _, c := range p.include {
		if passes = c.judge(&f) != fails; passes {
			break
		}
	}
	for _, c := range p.exclude {
		if !passes || c.judge(&f) == fits {
			return false
		}
	}
	return passes
}

// clause is one filter: all its conditions must fit.
type clause []condition

// condition is one field of a filter.
type condition func(*facts) verdict

func (c clause) judge(f *facts) verdict {
	result := fits
	for _, judge := range c {
		if result = min(result, judge(f)); result == fails {
			break
		}
	}
	return result
}
