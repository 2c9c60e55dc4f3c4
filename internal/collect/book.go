package collect

import (
	"context"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// checkpointEvery is the longest that progress without events stays out of the
// store. Losing it costs repeated requests only.
const checkpointEvery = time.Minute

// book is the one writer of a source: all its feeds append through it, since the
// fence is the source's.
type book struct {
	journal  Journal
	sourceID string

	// mu is held over an append on purpose: the next one needs its fence.
	mu sync.Mutex
	// fence is the journal sequence that the feeds' states include.
	fence uint64
}

// append stores a page. After an error the book is of no more use: what the
// journal holds is only known by loading it again.
func (b *book) append(ctx context.Context, page audit.Page) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	fence, err := b.journal.Append(ctx, b.fence, page)
	if err != nil {
		return err
	}
	b.fence = fence
	return nil
}

// checkpoint stores a feed's state outside the journal.
func (b *book) checkpoint(ctx context.Context, feed audit.Feed, state audit.FeedState) error {
	return b.journal.Checkpoint(ctx, b.sourceID, feed, state, b.base())
}

// base is the journal sequence that the feeds' states include.
func (b *book) base() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fence
}
