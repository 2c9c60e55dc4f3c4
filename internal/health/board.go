// Package health turns what the collectors report into the states and alarms
// that callers see.
package health

import (
	"cmp"
	"slices"
	"sync"

	"github.com/snykstream/snykstream/internal/audit"
)

// Board holds the last report of every feed. The zero value is ready for use.
type Board struct {
	mu sync.RWMutex
	// feeds, guarded by mu, are the reports by source and feed.
	feeds map[string]map[audit.Feed]audit.FeedReport
}

// Report replaces what was known of the feed. When it was polled stays known
// where a collector that has just started does not say.
func (b *Board) Report(report audit.FeedReport) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.source(report.SourceID)[report.Feed]
	if report.LastPoll.IsZero() {
		report.LastPoll = known.LastPoll
	}
	if report.LastSuccess.IsZero() {
		report.LastSuccess = known.LastSuccess
	}
	b.source(report.SourceID)[report.Feed] = report
}

// Trouble shows what keeps a feed from being read at all; nothing else that is
// known of the feed changes.
func (b *Board) Trouble(sourceID string, feed audit.Feed, trouble *audit.Trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	report := b.source(sourceID)[feed]
	report.SourceID, report.Feed, report.Trouble = sourceID, feed, trouble
	b.source(sourceID)[feed] = report
}

// Forget drops a source.
func (b *Board) Forget(sourceID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.feeds, sourceID)
}

// Reports are the last reports of all feeds, in order of source and feed. What
// they hold is shared and never changed.
func (b *Board) Reports() []audit.FeedReport {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var all []audit.FeedReport
	for _, feeds := range b.feeds {
		for _, report := range feeds {
			all = append(all, report)
		}
	}
	slices.SortFunc(all, func(x, y audit.FeedReport) int {
		return cmp.Or(cmp.Compare(x.SourceID, y.SourceID), cmp.Compare(x.Feed.String(), y.Feed.String()))
	})
	return all
}

// of returns the report of a feed, one that knows nothing where there is none.
func (b *Board) of(sourceID string, feed audit.Feed) audit.FeedReport {
	b.mu.RLock()
	defer b.mu.RUnlock()
	report := b.feeds[sourceID][feed]
	report.SourceID, report.Feed = sourceID, feed
	return report
}

// source returns a source's reports for changing. The caller holds mu.
func (b *Board) source(id string) map[audit.Feed]audit.FeedReport {
	if b.feeds == nil {
		b.feeds = map[string]map[audit.Feed]audit.FeedReport{}
	}
	if b.feeds[id] == nil {
		b.feeds[id] = map[audit.Feed]audit.FeedReport{}
	}
	return b.feeds[id]
}
