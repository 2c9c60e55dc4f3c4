package collect

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// startJitter spreads the first polls after a start of the service.
	startJitter = 2 * time.Second
	// fencedPause is the first of the growing pauses that spread the tries of two
	// who collect the same source.
	fencedPause = 200 * time.Millisecond
	// successorPause is how often a superseded worker looks whether it still is.
	successorPause = time.Second
)

// worker collects one source as it is configured in one revision.
type worker struct {
	Config
	budget *budget
	source audit.SourceRecord
	// spread says that the first poll need not be at once.
	spread bool
	// patience is with what keeps the whole source from being collected.
	patience patience
	// roster are the feeds last shown as read.
	roster []audit.Feed
	// groupFound is the group that was found for the organization.
	groupFound string
	// before is the patience with the polls that failed when the source was last
	// loaded, listing that with the list of the group's organizations.
	before  map[audit.Feed]patience
	listing patience
}

// run collects until ctx ends, loading the source's state again whenever it may
// be another than the one in memory.
func (w *worker) run(ctx context.Context) {
	log := w.Log.With(slog.String("source", w.source.ID()))
	rivals := tries(fencedPause, slowestSoon)
	w.patience, w.listing, w.before = newPatience(nil), newPatience(listRemedies), map[audit.Feed]patience{}
	for ctx.Err() == nil {
		began := time.Now()
		err := w.collect(ctx, log)
		w.awaitSuccessor(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > slowestOfAll {
			w.patience.succeeded()
			rivals.Reset()
		}
		if errors.Is(err, errGroupFound) {
			continue
		}
		if errors.Is(err, audit.ErrFenced) {
			// Nothing is wrong: the source was changed, or is collected elsewhere too.
			w.patience.trouble = nil
			rest(ctx, time.Now().Add(rand.N(rivals.NextBackOff())))
			continue
		}
		wait := w.patience.failed(err)
		log.WarnContext(ctx, "the source is loaded again", slog.Any("error", err), slog.Duration("wait", wait))
		w.showTrouble(w.patience.trouble)
		rest(ctx, time.Now().Add(wait))
	}
}

// awaitSuccessor returns once the source is as the worker knows it, or ctx has
// ended: whoever watches stops a worker whose source has changed.
func (w *worker) awaitSuccessor(ctx context.Context) {
	for ctx.Err() == nil && w.superseded(ctx) {
		rest(ctx, time.Now().Add(successorPause))
	}
}

// superseded says that the source changed since the worker was started.
func (w *worker) superseded(ctx context.Context) bool {
	now, err := w.Sources.Get(ctx, w.source.ID())
	if audit.IsKind(err, audit.KindNotFound) {
		return true
	}
	return err == nil && now.Revision != w.source.Revision
}

// collect loads the source's state and runs its feeds on it until one of them
// needs it loaded again.
func (w *worker) collect(ctx context.Context, log *slog.Logger) error {
	// First what is stored, so that it shows also where the credential is no good.
	c, err := w.load(ctx, log)
	if err != nil {
		return err
	}
	// A load takes nobody off the roster: the list of organizations will tell.
	if len(w.roster) == 0 && w.source.AllOrganizations() {
		w.roster = c.organizations()
	}
	c.showRoster(nil, w.roster...)
	for _, p := range c.posts {
		p.show()
	}
	if err := c.dial(ctx); err != nil {
		return err
	}
	err = c.run(ctx)
	if w.groupFound != "" {
		w.source.GroupFound = w.groupFound
	}
	for id, p := range c.posts {
		delete(w.before, id)
		if p.now.trouble != nil {
			w.before[id] = p.now
		}
	}
	return err
}
