package health

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Board holds the last report of every feed that is read. The zero value is ready
// for use.
type Board struct {
	mu sync.RWMutex
	// sources, guarded by mu, are what is known, by the source's id.
	sources map[string]*known
}

// known is what the board knows of a source.
type known struct {
	// roster are the feeds being read, by name those in it; listed says that the
	// collector told them. Before that every feed is taken.
	roster []audit.Feed
	inIt   map[audit.Feed]bool
	listed bool
	// trouble keeps feeds of the source from being found.
	trouble *audit.Trouble
	feeds   map[audit.Feed]entry
}

// entry is what is known of a feed.
type entry struct {
	audit.FeedReport
	// since is when the trouble began: tries that fail the same way are one trouble.
	since time.Time
}

// Roster says which feeds of a source are read from now on. Reports of others are
// dropped, those that come later too. trouble is what keeps feeds of the source
// from being found, nil for none.
func (b *Board) Roster(sourceID string, feeds []audit.Feed, trouble *audit.Trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.source(sourceID)
	k.listed, k.roster, k.inIt, k.trouble = true, nil, make(map[audit.Feed]bool, len(feeds)), trouble
	for _, feed := range feeds {
		if !k.inIt[feed] {
			k.roster = append(k.roster, feed)
			k.inIt[feed] = true
		}
	}
	for feed := range k.feeds {
		if !k.inIt[feed] {
			delete(k.feeds, feed)
		}
	}
}

// Report replaces what was known of the feed. When it was polled stays known
// where a collector that has just started does not say.
func (b *Board) Report(report audit.FeedReport) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.source(report.SourceID)
	if !k.takes(report.Feed) {
		return
	}
	before := k.feeds[report.Feed]
	if report.LastPoll.IsZero() {
		report.LastPoll = before.LastPoll
	}
	if report.LastSuccess.IsZero() {
		report.LastSuccess = before.LastSuccess
	}
	k.feeds[report.Feed] = entry{report, began(before, report.Trouble)}
}

// Trouble shows what keeps a feed from being read at all; nothing else that is
// known of the feed changes.
func (b *Board) Trouble(sourceID string, feed audit.Feed, trouble *audit.Trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.source(sourceID)
	if !k.takes(feed) {
		return
	}
	e := k.feeds[feed]
	e.since = began(e, trouble)
	e.SourceID, e.Feed, e.Trouble = sourceID, feed, trouble
	k.feeds[feed] = e
}

// began is when a trouble began, zero where there is none.
func began(before entry, trouble *audit.Trouble) time.Time {
	switch {
	case trouble == nil:
		return time.Time{}
	case before.Trouble != nil && before.Trouble.State == trouble.State:
		return before.since
	case trouble.Time.IsZero():
		return time.Now()
	}
	return trouble.Time
}

// Forget drops a source.
func (b *Board) Forget(sourceID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sources, sourceID)
}

// Reports are the last reports of all feeds, in order of source and feed. What
// they hold is shared and never changed.
func (b *Board) Reports() []audit.FeedReport {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var all []audit.FeedReport
	for _, k := range b.sources {
		for _, e := range k.feeds {
			all = append(all, e.FeedReport)
		}
	}
	slices.SortFunc(all, func(x, y audit.FeedReport) int {
		return cmp.Or(cmp.Compare(x.SourceID, y.SourceID), cmp.Compare(x.Feed.Scope, y.Feed.Scope), cmp.Compare(x.Feed.ID, y.Feed.ID))
	})
	return all
}

// Feeds are the last reports of the feeds that a source reads, in the roster's
// order; of a feed not heard of yet, one that knows nothing. What they hold is
// shared and never changed.
func (b *Board) Feeds(rec audit.SourceRecord) []audit.FeedReport {
	var all []audit.FeedReport
	for _, e := range b.look(rec).feeds {
		all = append(all, e.FeedReport)
	}
	return all
}

// view is what the board knows of a source at one moment. It is shared and never
// changed.
type view struct {
	// feeds are those being read, in the roster's order.
	feeds []entry
	// trouble keeps feeds from being found.
	trouble *audit.Trouble
}

// look returns what is known of a source.
func (b *Board) look(rec audit.SourceRecord) view {
	b.mu.RLock()
	defer b.mu.RUnlock()
	k := b.sources[rec.ID()]
	if k == nil {
		k = &known{}
	}
	roster := k.roster
	if !k.listed {
		roster = rec.Feeds()
	}
	out := view{feeds: make([]entry, len(roster)), trouble: k.trouble}
	for i, feed := range roster {
		e := k.feeds[feed]
		e.SourceID, e.Feed = rec.ID(), feed
		out.feeds[i] = e
	}
	return out
}

// takes says whether something told of the feed is kept.
func (k *known) takes(feed audit.Feed) bool { return !k.listed || k.inIt[feed] }

// source returns what is known of a source, for changing. The caller holds mu.
func (b *Board) source(id string) *known {
	if b.sources == nil {
		b.sources = map[string]*known{}
	}
	if b.sources[id] == nil {
		b.sources[id] = &known{feeds: map[audit.Feed]entry{}}
	}
	return b.sources[id]
}
