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
	// settled are the feeds of the last roster that nothing kept feeds from, nil
	// before the first: what is not found for a while is not gone.
	settled map[audit.Feed]bool
	// trouble keeps feeds of the source from being found.
	trouble *audit.Trouble
	feeds   map[audit.Feed]entry
	// newest is the newest event time of the feeds that were dropped.
	newest time.Time
}

// entry is what is known of a feed.
type entry struct {
	audit.FeedReport
	// since is when the trouble began: tries that fail the same way are one trouble.
	since time.Time
	// started is when whoever reads the feed now last said that it has not begun to:
	// what was read before is no reason to call it late. Zero: never.
	started time.Time
	// tried says that the reader began to poll and has not succeeded yet. Another
	// that takes over from it does not begin anew, or a reader that is replaced again
	// and again would never be late.
	tried bool
}

// awaited is since when the feed's next complete poll is waited for.
func (e entry) awaited() time.Time { return audit.Later(e.LastSuccess, e.started) }

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
	if trouble == nil {
		k.settled = k.inIt
	}
	for feed, e := range k.feeds {
		if !k.inIt[feed] {
			k.newest = audit.Later(k.newest, e.State.LastEventTime)
			delete(k.feeds, feed)
		}
	}
}

// Unlisted says that the source's collector tells which feeds it reads, and that
// the feed is not among them. While feeds cannot be found, those found before
// count as listed.
func (b *Board) Unlisted(sourceID string, feed audit.Feed) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	k := b.sources[sourceID]
	return k != nil && k.settled != nil && !k.settled[feed] && !k.inIt[feed]
}

// NoLongerRead says that the source does not read a feed of which something is
// stored. Before its collector tells which feeds it reads, those that the source
// names are, and with all organizations any may be.
func (b *Board) NoLongerRead(rec audit.SourceRecord, feed audit.Feed) bool {
	b.mu.RLock()
	k := b.sources[rec.ID()]
	told := k != nil && k.settled != nil
	b.mu.RUnlock()
	if told {
		return b.Unlisted(rec.ID(), feed)
	}
	return !rec.AllOrganizations() && !slices.Contains(rec.Feeds(), feed)
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
	now := entry{started: before.started, tried: !report.LastPoll.IsZero() && report.LastSuccess.IsZero()}
	if report.LastPoll.IsZero() {
		report.LastPoll = before.LastPoll
		if !before.tried {
			now.started = time.Now()
		}
	}
	if report.LastSuccess.IsZero() {
		report.LastSuccess = before.LastSuccess
	}
	now.FeedReport, now.since = report, began(before, report.Trouble)
	k.feeds[report.Feed] = now
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
	// newest is the newest event time of feeds that were dropped.
	newest time.Time
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
	out := view{feeds: make([]entry, len(roster)), trouble: k.trouble, newest: k.newest}
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
