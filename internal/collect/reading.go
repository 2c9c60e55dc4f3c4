package collect

import (
	"context"
	"slices"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// What an answer shows at most, and how finely time is asked for.
const (
	// fullPage is how many records an answer holds at most. One that holds as many
	// is not believed to be the last, whatever it says: asking once more is cheap.
	fullPage = 100
	// tick is the finest step of time that can be asked for: Snyk writes
	// milliseconds.
	tick = time.Millisecond
)

// reading is what one answer of Snyk's proves: all records whose instant lies in
// the interval, each instant whole.
type reading struct {
	proven  audit.Interval
	records []audit.Observed
	// server is Snyk's clock at the answer, zero where it did not say.
	server time.Time
}

// read reads the window from its start, as far as one answer shows it whole.
//
// Steps are made by time, not by cursor: the next window starts at the last
// instant seen, so nothing hangs on a cursor's life, and what is inserted
// meanwhile cannot shift pages. The last instant of an answer that is not the
// last is left to the next one, which shows it whole. Only where that makes no
// way (one instant fills the answer, or the answer is not in order) are links
// followed, to the end of that instant or of the window.
func read(ctx context.Context, snyk Snyk, q audit.Search) (reading, error) {
	answer, err := snyk.Search(ctx, q)
	if err != nil {
		return reading{}, err
	}
	records, inOrder := observe(answer, q)
	window := audit.Interval{Start: q.From, End: q.To}
	last := lastInstant(records)
	switch {
	case !inOrder:
		return readAgreed(ctx, snyk, q)
	case answer.Next == "" && len(answer.Items) < fullPage:
		return reading{proven: window, records: records, server: answer.ServerTime}, nil
	case last.After(q.From):
		return reading{
			proven:  audit.Interval{Start: q.From, End: last},
			records: slices.DeleteFunc(records, func(o audit.Observed) bool { return o.Created.Equal(last) }),
			server:  answer.ServerTime,
		}, nil
	case !last.IsZero():
		q.To = audit.Earlier(q.To, q.From.Add(tick))
	}
	return readAgreed(ctx, snyk, q)
}

// observe reads an answer's records that lie in the window, and says whether
// they were in order. A record without a readable time has no place in time: it
// is taken whenever it is shown.
func observe(answer audit.Answer, q audit.Search) (records []audit.Observed, inOrder bool) {
	inOrder = true
	var at time.Time
	for _, item := range answer.Items {
		o := audit.ReadRecord(item)
		if !o.Created.IsZero() {
			inOrder = inOrder && !o.Created.Before(at)
			at = o.Created
			if o.Created.Before(q.From) || !o.Created.Before(q.To) {
				continue
			}
		}
		records = append(records, o)
	}
	return records, inOrder
}

func lastInstant(records []audit.Observed) time.Time {
	for _, o := range slices.Backward(records) {
		if !o.Created.IsZero() {
			return o.Created
		}
	}
	return time.Time{}
}
