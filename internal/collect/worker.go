package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// lastWords is how long a stopping worker may take to store its progress.
	lastWords = 3 * time.Second
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
	source audit.SourceRecord
	// spread says that the first poll need not be at once.
	spread bool
	// patience is with what keeps the whole source from being collected.
	patience patience
}

// run collects until ctx ends, loading the source's state again whenever it may
// be another than the one in memory.
func (w *worker) run(ctx context.Context) {
	log := w.Log.With(slog.String("source", w.source.ID()))
	rivals := tries(fencedPause, slowestSoon)
	w.patience = newPatience()
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
	feeds, err := w.load(ctx, log)
	if err != nil {
		return err
	}
	cred, err := w.Sources.Credential(ctx, w.source)
	if err != nil {
		return fmt.Errorf("open the stored credential: %w", err)
	}
	snyk := w.Dial(w.source.Source.GetSnyk().GetRegion(), cred)
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range feeds {
		f.snyk = snyk
		group.Go(func() error {
			defer w.part(ctx, f)
			return f.run(ctx, w.firstPoll())
		})
	}
	return group.Wait()
}

// part stores the progress of a feed that stops.
func (w *worker) part(ctx context.Context, f *feed) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	f.save(ctx)
}

func (w *worker) firstPoll() time.Time {
	if !w.spread {
		return time.Now()
	}
	return time.Now().Add(rand.N(min(startJitter, w.source.PollInterval()/10)))
}

// load reads the source's state and makes its feeds of it.
func (w *worker) load(ctx context.Context, log *slog.Logger) ([]*feed, error) {
	id := w.source.ID()
	snapshot, err := w.Journal.Load(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load the source's state: %w", err)
	}
	book := &book{journal: w.Journal, sourceID: id, fence: snapshot.Fence}
	var feeds []*feed
	for _, feedID := range w.source.Feeds() {
		f := &feed{
			source: w.source, id: feedID, book: book, board: w.Board,
			log:   log.With(slog.String("feed", feedID.String())),
			state: begin(snapshot.Feeds[feedID], w.source, time.Now()),
			known: newKnown(), now: newPatience(), past: newPatience(), aside: newPatience(),
			background: map[audit.LaneKind]*pass{},
			scan: func(ctx context.Context, since time.Time, fn func(audit.StoredEvent) error) error {
				return w.Journal.Scan(ctx, id, feedID, since, fn)
			},
			// What was loaded may lie in the journal alone, where retention reaches it.
			dirty: snapshot.Feeds[feedID].LastSequence > 0,
		}
		// What kept the source from being collected shows until a poll succeeds.
		f.now.trouble = w.patience.trouble
		f.show()
		feeds = append(feeds, f)
	}
	return feeds, nil
}

// showTrouble shows what keeps the whole source from being collected.
func (w *worker) showTrouble(trouble *audit.Trouble) {
	for _, id := range w.source.Feeds() {
		w.Board.Trouble(w.source.ID(), id, trouble)
	}
}
