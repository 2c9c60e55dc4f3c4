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
	// fencedPause spreads the tries of two who collect the same source.
	fencedPause = 200 * time.Millisecond
)

// worker collects one source as it is configured in one revision.
type worker struct {
	Config
	source audit.SourceRecord
	// spread says that the first poll need not be at once.
	spread bool
}

// run collects until ctx ends, loading the source's state again whenever it may
// be another than the one in memory.
func (w *worker) run(ctx context.Context) {
	log := w.Log.With(slog.String("source", w.source.ID()))
	patience := newPatience()
	for ctx.Err() == nil {
		began := time.Now()
		err := w.collect(ctx, log)
		if ctx.Err() != nil || w.superseded(ctx) {
			return
		}
		if time.Since(began) > slowestOfAll {
			patience.succeeded()
		}
		if errors.Is(err, audit.ErrFenced) {
			// Nothing is wrong: the source was changed, or is collected elsewhere too.
			rest(ctx, time.Now().Add(rand.N(fencedPause)))
			continue
		}
		wait := patience.failed(err)
		log.WarnContext(ctx, "the source is loaded again", slog.Any("error", err), slog.Duration("wait", wait))
		w.showTrouble(patience.trouble)
		rest(ctx, time.Now().Add(wait))
	}
}

// superseded says that the source changed since the worker was started: whoever
// watches will start another.
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
	cred, err := w.Sources.Credential(ctx, w.source)
	if err != nil {
		return fmt.Errorf("open the stored credential: %w", err)
	}
	feeds, err := w.load(ctx, log)
	if err != nil {
		return err
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
	if err := f.save(ctx); err != nil {
		f.log.WarnContext(ctx, "the last progress could not be stored; it will be read again", slog.Any("error", err))
	}
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
			known: newKnown(), now: newPatience(), past: newPatience(),
			background: map[audit.LaneKind]*pass{},
			scan: func(ctx context.Context, since time.Time, fn func(audit.StoredEvent) error) error {
				return w.Journal.Scan(ctx, id, feedID, since, fn)
			},
			// What was loaded may lie in the journal alone, where retention reaches it.
			dirty: snapshot.Feeds[feedID].LastSequence > 0,
		}
		f.show()
		feeds = append(feeds, f)
	}
	return feeds, nil
}

// runPaused stores the state of a source that is not collected, since retention
// may pass its last entry meanwhile, and shows it.
func (w *worker) runPaused(ctx context.Context) {
	log := w.Log.With(slog.String("source", w.source.ID()))
	patience := newPatience()
	for ctx.Err() == nil {
		err := w.keep(ctx, log)
		if err == nil {
			return
		}
		log.WarnContext(ctx, "the state of a paused source could not be stored", slog.Any("error", err))
		rest(ctx, time.Now().Add(patience.failed(err)))
	}
}

func (w *worker) keep(ctx context.Context, log *slog.Logger) error {
	feeds, err := w.load(ctx, log)
	if err != nil {
		return err
	}
	for _, f := range feeds {
		if err := f.save(ctx); err != nil {
			return fmt.Errorf("store the feed's state: %w", err)
		}
	}
	return nil
}

// begin is the state a feed goes on from.
func begin(state audit.FeedState, source audit.SourceRecord, now time.Time) audit.FeedState {
	state = state.Clone()
	state.IdentityVersion = audit.IdentityVersion
	retained := now.Add(-audit.SnykRetention)
	asked := retained
	if from := source.Source.GetSnyk().GetCollectFrom(); from != nil {
		asked = latest(from.AsTime(), retained)
	}
	switch {
	case state.CollectFrom.IsZero():
		state.CollectFrom = asked
	case source.Source.GetSnyk().GetCollectFrom() != nil && asked.After(retained):
		state.CollectFrom = asked
	default:
		state.CollectFrom = earliest(state.CollectFrom, asked)
	}
	state.CollectFrom = state.CollectFrom.Truncate(tick)
	return state
}

// showTrouble shows what keeps the whole source from being collected.
func (w *worker) showTrouble(trouble *audit.Trouble) {
	for _, id := range w.source.Feeds() {
		w.Board.Trouble(w.source.ID(), id, trouble)
	}
}
