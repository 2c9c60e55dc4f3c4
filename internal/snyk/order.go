package snyk

import (
	"slices"

	"github.com/snykstream/snykstream/internal/audit"
)

// priority is the order of the requests that wait for one credential.
type priority int

const (
	// live requests are those that someone or something new waits for: the newest
	// events, lookups, access tokens, checks.
	live priority = iota
	// background requests read history, or read again. They wait for live ones.
	background
)

// backgroundTurn is which turn goes to the background while live requests wait
// too, so that it is slow but never stands still.
const backgroundTurn = 10

// priorityOf is the priority of a search's requests.
func priorityOf(q audit.Search) priority {
	if q.Background {
		return background
	}
	return live
}

// waiter is a request that waits for its turn.
type waiter struct {
	priority priority
	// answer takes one value: nil is the turn, an error says that none comes.
	answer chan error
}

// line is the waiters, in the order in which they came. A feed has one request
// under way at a time, so that the order of arrival is a fair share for each.
type line struct {
	waiting [background + 1][]*waiter
	// passed counts the turns that live requests had since a background one had to
	// wait for them.
	passed int
}

func (l *line) empty() bool { return len(l.waiting[live]) == 0 && len(l.waiting[background]) == 0 }

func (l *line) add(w *waiter) { l.waiting[w.priority] = append(l.waiting[w.priority], w) }

// ahead is how many turns are sure to come before one who comes now, if nobody
// leaves.
func (l *line) ahead(p priority) int {
	same, others := len(l.waiting[p]), 0
	if p == background {
		others = min(len(l.waiting[live]), (backgroundTurn-1)*(same+1)-l.passed)
	}
	return same + others
}

// next takes the one whose turn it is out of the line, which must not be empty.
func (l *line) next() *waiter {
	from := live
	switch {
	case len(l.waiting[background]) == 0:
		l.passed = 0
	case len(l.waiting[live]) == 0 || l.passed == backgroundTurn-1:
		from, l.passed = background, 0
	default:
		l.passed++
	}
	w := l.waiting[from][0]
	l.waiting[from] = slices.Delete(l.waiting[from], 0, 1)
	return w
}

// remove takes one who leaves out of the line, and says whether it was there.
func (l *line) remove(w *waiter) bool {
	at := slices.Index(l.waiting[w.priority], w)
	if at < 0 {
		return false
	}
	l.waiting[w.priority] = slices.Delete(l.waiting[w.priority], at, at+1)
	return true
}

// clear empties the line.
func (l *line) clear() []*waiter {
	all := slices.Concat(l.waiting[live], l.waiting[background])
	*l = line{}
	return all
}
