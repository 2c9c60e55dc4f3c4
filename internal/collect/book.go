package collect

import (
	"context"
	"slices"
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

	// mu is held over an append on purpose: the next one needs its fence, and what
	// is new to one feed is so only until another one stores it.
	mu sync.Mutex
	// fence is the journal sequence that the feeds' states include.
	fence uint64
	// memories learn of every page.
	memories []*known
}

// write stores the page that compose makes, nil for none. Nothing else of the
// source is stored meanwhile, and everything stored before is in the feeds'
// memories. After an error the book is of no more use: what the journal holds is
// only known by loading it again.
func (b *book) write(ctx context.Context, compose func() *audit.Page) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	page := compose()
	if page == nil {
		return nil
	}
	fence, err := b.journal.Append(ctx, b.fence, *page)
	if err != nil {
		return err
	}
	b.fence = fence
	for _, k := range b.memories {
		k.learn(page)
	}
	return nil
}

// remember has a memory learn of every page from now on, until forget.
func (b *book) remember(k *known) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memories = append(b.memories, k)
}

func (b *book) forget(k *known) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memories = slices.DeleteFunc(b.memories, func(other *known) bool { return other == k })
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
