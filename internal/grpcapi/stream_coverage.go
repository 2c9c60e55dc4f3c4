package grpcapi

import (
	"cmp"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/health"
)

// pageBytes bounds the sources of one heartbeat.
const pageBytes = 48 << 10

// coverage is what a stream learned of feeds from the entries it passed, by
// source.
type coverage map[string]map[audit.Feed]*feedMet

// feedMet is what a stream learned of one feed.
type feedMet struct {
	// state is the feed's as of the entry at sequence.
	state    audit.FeedState
	sequence uint64
	// last is the ordinal of the last event passed.
	last uint64
}

// feed returns what is known of an entry's feed, for changing.
func (c coverage) feed(entry *audit.Entry) *feedMet {
	if entry.State == nil && entry.Events.Len() == 0 {
		return &feedMet{} // tells nothing of a feed, and is forgotten
	}
	feeds := c[entry.SourceID]
	if feeds == nil {
		feeds = map[audit.Feed]*feedMet{}
		c[entry.SourceID] = feeds
	}
	if feeds[entry.Feed] == nil {
		feeds[entry.Feed] = &feedMet{}
	}
	return feeds[entry.Feed]
}

func (m *feedMet) passEntry(entry *audit.Entry) {
	if entry.State != nil {
		m.state, m.sequence = *entry.State, entry.Sequence
	}
}

// sources tells each source's coverage as of a stream that has passed all up to a
// sequence of the journal. What a collector reports counts where the stream has
// passed the entries it includes, and knows of none of the feed that is newer.
// Sources that are no more are left out, as nothing can be said of their state,
// and so are feeds that are no longer read, as their coverage will not go on.
func (c coverage) sources(
	passed uint64, progress Progress, state func(sourceID string) snykstreamv1.SourceState,
) []*snykstreamv1.SourceCoverage {
	known := c.asReports()
	for _, report := range progress.Reports() {
		if known[report.SourceID] == nil {
			known[report.SourceID] = map[audit.Feed]audit.FeedReport{}
		}
		met, ok := known[report.SourceID][report.Feed]
		switch {
		case report.Base <= passed && report.Base >= met.Base && len(report.State.Lanes) > 0:
			known[report.SourceID][report.Feed] = report
		case ok:
			met.Lanes = report.Lanes
			known[report.SourceID][report.Feed] = met
		}
	}
	var out []*snykstreamv1.SourceCoverage
	for _, id := range slices.Sorted(maps.Keys(known)) {
		now := state(id)
		if now == snykstreamv1.SourceState_SOURCE_STATE_UNSPECIFIED {
			continue
		}
		var feeds []*snykstreamv1.FeedProgress
		for feed, report := range known[id] {
			if !progress.Unlisted(id, feed) {
				feeds = append(feeds, c.progress(report))
			}
		}
		slices.SortFunc(feeds, func(a, b *snykstreamv1.FeedProgress) int { return cmp.Compare(a.GetFeed(), b.GetFeed()) })
		out = append(out, &snykstreamv1.SourceCoverage{SourceId: id, State: now, Feeds: feeds})
	}
	return out
}

// asReports tells what the stream has met as a collector would report it.
func (c coverage) asReports() map[string]map[audit.Feed]audit.FeedReport {
	out := make(map[string]map[audit.Feed]audit.FeedReport, len(c))
	for source, feeds := range c {
		out[source] = make(map[audit.Feed]audit.FeedReport, len(feeds))
		for feed, met := range feeds {
			report := audit.FeedReport{SourceID: source, Feed: feed, State: met.state, Base: met.sequence}
			for _, lane := range met.state.Lanes {
				report.Lanes = append(report.Lanes, lane.Kind)
			}
			out[source][feed] = report
		}
	}
	return out
}

// progress is a feed's coverage as a heartbeat tells it.
func (c coverage) progress(report audit.FeedReport) *snykstreamv1.FeedProgress {
	last := report.State.LastSequence
	if met := c[report.SourceID][report.Feed]; met != nil {
		last = max(last, met.last)
	}
	out := &snykstreamv1.FeedProgress{
		Feed:         report.Feed.String(),
		BackfillDone: health.BackfillDone(report),
		LastSequence: last,
	}
	if covered := health.Coverage(report); !covered.Empty() {
		out.CoveredFrom, out.CoveredThrough = audit.Timestamp(covered.Start), audit.Timestamp(covered.End)
	}
	return out
}

// pagesOf splits sources so that each page fits a message. There is one page at
// least. A source that does not fit a page is on several, with some of its feeds on
// each.
func pagesOf(sources []*snykstreamv1.SourceCoverage) [][]*snykstreamv1.SourceCoverage {
	pages := [][]*snykstreamv1.SourceCoverage{nil}
	size := 0
	for _, source := range sources {
		for _, part := range partsOf(source) {
			more, last := fieldSize(part), len(pages)-1
			if len(pages[last]) > 0 && size+more > pageBytes {
				pages = append(pages, nil)
				last, size = last+1, 0
			}
			pages[last] = append(pages[last], part)
			size += more
		}
	}
	return pages
}

// partsOf splits a source's coverage where it is too large for a page.
func partsOf(source *snykstreamv1.SourceCoverage) []*snykstreamv1.SourceCoverage {
	if fieldSize(source) <= pageBytes {
		return []*snykstreamv1.SourceCoverage{source}
	}
	var parts []*snykstreamv1.SourceCoverage
	head := &snykstreamv1.SourceCoverage{SourceId: source.GetSourceId(), State: source.GetState()}
	// What the field's own length takes grows with it.
	base := fieldSize(head) + protowire.SizeVarint(pageBytes)
	room := 0
	for _, feed := range source.GetFeeds() {
		more := fieldSize(feed)
		if len(parts) == 0 || more > room {
			parts = append(parts, proto.CloneOf(head))
			room = pageBytes - base
		}
		part := parts[len(parts)-1]
		part.Feeds = append(part.Feeds, feed)
		room -= more
	}
	return parts
}
