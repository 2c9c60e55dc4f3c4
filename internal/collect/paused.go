package collect

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// runPaused stores the state of a source that is not collected, since retention
// may pass its last entry meanwhile, and shows it.
func (w *worker) runPaused(ctx context.Context) {
	log := w.Log.With(slog.String("source", w.source.ID()))
	w.patience = newPatience(nil)
	for ctx.Err() == nil {
		err := w.keep(ctx, log)
		if err == nil {
			return
		}
		log.WarnContext(ctx, "the state of a paused source could not be stored", slog.Any("error", err))
		rest(ctx, time.Now().Add(w.patience.failed(err)))
	}
}

func (w *worker) keep(ctx context.Context, log *slog.Logger) error {
	c, err := w.load(ctx, log)
	if err != nil {
		return err
	}
	for id := range c.states {
		if c.posts[id] == nil {
			c.hire(id, true)
		}
	}
	for _, p := range c.posts {
		p.show() // the roster stays as it was
		p.save(ctx)
		if p.unsaved != nil {
			return fmt.Errorf("store the feed's state: %w", p.unsaved)
		}
	}
	return nil
}
