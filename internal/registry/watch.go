package registry

import (
	"context"
	"log/slog"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// The waits before a watch that broke off is taken up again.
const (
	firstRewatch = 50 * time.Millisecond
	lastRewatch  = 5 * time.Second
)

// Watch calls each for every record there is, deleted sources' included, then
// for every change, one call at a time, until ctx ends; it returns nil then. When
// the store is away it waits and goes on, and no change is missed: each state of
// a source is told once, in the order of revisions, though of changes in quick
// succession only the last. A source that was deleted and created again may so
// show only by its create time.
func (r *Registry) Watch(ctx context.Context, each func(audit.SourceRecord)) error {
	w := &watch{registry: r, each: each, live: make(map[string]uint64)}
	for wait := firstRewatch; ; wait = min(2*wait, lastRewatch) {
		err := r.sources.watch(ctx,
			func() { wait = firstRewatch; w.ready() },
			func(it item) { w.item(ctx, it) })
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end that was asked for
		}
		r.log.WarnContext(ctx, "the watch of the sources broke off; it is taken up again",
			slog.Duration("wait", wait), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
			w.seen = make(map[string]bool)
		}
	}
}

// watch is what one caller was told.
type watch struct {
	registry *Registry
	each     func(audit.SourceRecord)
	// last is the revision that was told last. The store tells in order, and all of
	// it again after a break.
	last uint64
	// live has the revisions of the sources that were told and not deleted.
	live map[string]uint64
	// seen are the keys found since the last break, until everything was found; nil
	// from then on, and on the first watch.
	seen map[string]bool
}

func (w *watch) item(ctx context.Context, it item) {
	if w.seen != nil {
		w.seen[it.key] = true
	}
	if it.revision <= w.last {
		return
	}
	w.last = it.revision
	rec, err := decodeRecord(it)
	if err != nil {
		w.registry.log.ErrorContext(ctx, "a source's record cannot be read; the source stays as it was",
			slog.String("source", it.key), slog.Any("error", err))
		return
	}
	w.live[rec.ID()] = rec.Revision
	if rec.Deleted() {
		delete(w.live, rec.ID())
	}
	w.each(rec)
}

// ready tells of sources that vanished during a break: deleted, and their ids
// free again.
func (w *watch) ready() {
	if w.seen == nil {
		return
	}
	for id, revision := range w.live {
		if w.seen[id] {
			continue
		}
		delete(w.live, id)
		w.each(audit.SourceRecord{
			Source: &snykstreamv1.Source{Id: id}, DeleteTime: w.registry.now(),
			// Not the real one, which is gone, but like it after the last one told.
			Revision: revision + 1,
		})
	}
	w.seen = nil
}
