package collect

import (
	"maps"
	"time"
)

// rewriteMemory is how long a record that was seen rewritten is remembered:
// longer than from one sweep to the next.
const rewriteMemory = 3 * sweepEvery

// rewrites are the stored events whose records were seen rewritten, with when that
// was last: what is read again and again counts once.
type rewrites map[string]time.Time

// count says how many of the events are new here.
func (r rewrites) count(ids []string) (n uint64) {
	for _, id := range ids {
		if _, seen := r[id]; !seen {
			n++
		}
	}
	return n
}

// saw enters events, and forgets those that were not seen for long.
func (r rewrites) saw(ids []string) {
	now := time.Now()
	for _, id := range ids {
		r[id] = now
	}
	if len(ids) > 0 {
		maps.DeleteFunc(r, func(_ string, last time.Time) bool { return now.Sub(last) > rewriteMemory })
	}
}
