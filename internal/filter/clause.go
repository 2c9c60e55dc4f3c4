package filter

import (
	"slices"

	"github.com/snykstream/snykstream/internal/wire"
)

// verdict is what a condition says of an event. The verdict on several that must
// all fit is the lowest of theirs.
type verdict int8

const (
	fails verdict = iota
	unknown
	fits
)

func verdictOf(ok bool) verdict {
	if ok {
		return fits
	}
	return fails
}

// condition is one field of a filter, read off the event's bytes.
type condition func(*asked) verdict

// clause is one filter: all its conditions must fit, and its expression, which is
// asked last.
type clause struct {
	conditions []condition
	expression *expression
	// need is what the conditions ask of an event.
	need wire.Need
}

func (c *clause) empty() bool { return len(c.conditions) == 0 && c.expression == nil }

func (c *clause) judge(e *asked) (verdict, error) {
	result := fits
	for _, judge := range c.conditions {
		if result = min(result, judge(e)); result == fails {
			return fails, nil
		}
	}
	if c.expression == nil {
		return result, nil
	}
	v, err := c.expression.judge(e)
	return min(result, v), err
}

// cheapFirst puts the clauses without an expression first. Which of several fits
// does not matter, so that the others need not be asked.
func cheapFirst(clauses []clause) {
	slices.SortStableFunc(clauses, func(a, b clause) int {
		switch {
		case a.expression == nil && b.expression != nil:
			return -1
		case a.expression != nil && b.expression == nil:
			return 1
		}
		return 0
	})
}
