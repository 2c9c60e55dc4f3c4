package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Bounds of a reading by links.
const (
	// chainPages is how many pages a window may take before it is halved,
	// instantPages how many one instant may take before the reading is given up.
	chainPages   = 64
	instantPages = 2000
	// chainTries is how often a window is read before its readings are found not
	// to agree.
	chainTries = 6
)

// errVoid says that a chain of pages cannot be trusted and is read again.
var errVoid = errors.New("the pages do not hold together")

// errTooLong says that a window takes too many pages.
var errTooLong = errors.New("the window takes too many pages")

// readAgreed reads a window by its links, again and again until two readings
// show the same records: pages of a cursor can shift under the reader, and two
// that agree did not. A window that takes too many pages is halved.
func readAgreed(ctx context.Context, snyk Snyk, q audit.Search) (reading, error) {
	var before *reading
	for try := 0; try < chainTries; {
		this, err := readChain(ctx, snyk, q)
		switch {
		case errors.Is(err, errTooLong) && q.To.Sub(q.From) > tick:
			q.To = q.From.Add(max(tick, (q.To.Sub(q.From) / 2).Truncate(tick)))
			before = nil
			continue
		case errors.Is(err, errVoid):
		case errors.Is(err, errTooLong):
			return reading{}, disagreement(q, "takes more than %d pages", instantPages)
		case err != nil:
			return reading{}, err
		case before != nil && sameRecords(before.records, this.records):
			return this, nil
		default:
			before = &this
		}
		try++
	}
	return reading{}, disagreement(q, "was read %d times, and no two readings agreed", chainTries)
}

func disagreement(q audit.Search, format string, n int) error {
	return &audit.SnykError{Class: audit.SnykBadAnswer, Detail: fmt.Sprintf("the time from %s to %s "+format,
		q.From.Format(time.RFC3339Nano), q.To.Format(time.RFC3339Nano), n)}
}

// readChain reads a window once, following its links to the end.
func readChain(ctx context.Context, snyk Snyk, q audit.Search) (reading, error) {
	limit := chainPages
	if q.To.Sub(q.From) <= tick {
		limit = instantPages
	}
	answer, err := snyk.Search(ctx, q)
	if err != nil {
		return reading{}, err
	}
	out := reading{proven: audit.Interval{Start: q.From, End: q.To}, server: answer.ServerTime}
	first := answer.Items
	followed := map[string]bool{}
	for {
		records, _ := observe(answer, q)
		out.records = append(out.records, records...)
		if answer.Next == "" {
			break
		}
		if followed[answer.Next] {
			return reading{}, errVoid
		}
		if len(followed)+1 >= limit {
			return reading{}, errTooLong
		}
		followed[answer.Next] = true
		if answer, err = snyk.Follow(ctx, q, answer.Next); err != nil {
			return reading{}, voidIfRefused(err)
		}
		if leadsBack(first, answer.Items) {
			return reading{}, errVoid
		}
	}
	slices.SortStableFunc(out.records, func(a, b audit.Observed) int { return a.Created.Compare(b.Created) })
	return out, nil
}

// leadsBack says that a page is the chain's first page again. A page of nothing
// but identical twins proves nothing of the kind.
func leadsBack(first, page [][]byte) bool {
	twins := len(page) == 0 || !slices.ContainsFunc(page, func(item []byte) bool { return !bytes.Equal(item, page[0]) })
	return !twins && slices.EqualFunc(first, page, bytes.Equal)
}

// voidIfRefused turns a refused cursor into a reading to be made again: a cursor
// has a life of its own.
func voidIfRefused(err error) error {
	if refused, ok := errors.AsType[*audit.SnykError](err); ok && refused.Class == audit.SnykBadRequest {
		return fmt.Errorf("%w: %w", errVoid, err)
	}
	return err
}

func sameRecords(a, b []audit.Observed) bool {
	if len(a) != len(b) {
		return false
	}
	count := map[[32]byte]int{}
	for i := range a {
		count[a[i].Hash]++
		count[b[i].Hash]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
