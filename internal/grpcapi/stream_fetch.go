package grpcapi

import (
	"context"

	"github.com/snykstream/snykstream/internal/audit"
)

// fetcher reads a little ahead of its stream, so that the stream can see whether
// more is ready without waiting for it, and can wait for other things as well. It
// holds two entries at most.
type fetcher struct {
	found chan fetched
	stop  context.CancelFunc
	done  chan struct{}
}

// fetched is an entry, or what ended the reading.
type fetched struct {
	entry *audit.Entry
	err   error
}

// fetch begins to read. The caller must close the fetcher.
func fetch(ctx context.Context, reader EntryReader) *fetcher {
	ctx, stop := context.WithCancel(ctx)
	f := &fetcher{found: make(chan fetched, 1), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		defer reader.Close()
		f.run(ctx, reader)
	}()
	return f
}

func (f *fetcher) run(ctx context.Context, reader EntryReader) {
	for {
		entry, err := reader.Next(ctx)
		select {
		case f.found <- fetched{entry, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// close ends the reading and waits until the reader is closed.
func (f *fetcher) close() {
	f.stop()
	<-f.done
}
