package main

import (
	"context"
	"errors"
	"fmt"
)

// historyEvents is how many events the stored history has at full scale.
const historyEvents = 200_000

// history is a journal with many events, a server on it, and a bare server with the
// same events.
type history struct {
	dir    string
	events int
	server *serving
	bare   *bareServer
}

// history opens the stored history, and makes it where there is none yet.
func (b *bench) history(ctx context.Context) (*history, error) {
	if b.opened != nil {
		return b.opened, nil
	}
	dir, err := b.folder("history")
	if err != nil {
		return nil, err
	}
	h := &history{dir: dir, events: b.events(historyEvents)}
	if err := h.open(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	b.opened = h
	return h, nil
}

func (h *history) open(ctx context.Context) error {
	if err := fillFolder(ctx, h.dir, h.events); err != nil {
		return err
	}
	var err error
	if h.server, err = serve(ctx, h.dir, ""); err != nil {
		return fmt.Errorf("serve the history: %w", err)
	}
	pools, err := fetchPools(ctx, h.server.address)
	if err != nil {
		return err
	}
	h.bare, err = serveBare(ctx, pools)
	return err
}

// fillFolder has a data folder hold so many events.
func fillFolder(ctx context.Context, dir string, events int) error {
	s, err := openStore(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(s.fill(ctx, events), s.close(ctx))
}

func (h *history) close() error {
	var errs []error
	if h.bare != nil {
		errs = append(errs, h.bare.close())
	}
	if h.server != nil {
		errs = append(errs, h.server.close())
	}
	return errors.Join(errs...)
}

// closeHistory closes the stored history where it is open.
func (b *bench) closeHistory() error {
	if b.opened == nil {
		return nil
	}
	h := b.opened
	b.opened = nil
	return h.close()
}
