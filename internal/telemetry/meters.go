package telemetry

import (
	"context"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Journal is where collectors store pages; Snyk is whom they ask; Board is where
// they show how they do; EntryReader is what streams read. Each is as its consumer
// declares it, and each meter below is one of them around another.
type (
	// Journal is documented in collect.
	Journal interface {
		Load(ctx context.Context, sourceID string) (audit.Snapshot, error)
		Append(ctx context.Context, fence uint64, page audit.Page) (uint64, error)
		Checkpoint(ctx context.Context, sourceID string, feed audit.Feed, state audit.FeedState, base uint64) error
		Scan(ctx context.Context, sourceID string, feed audit.Feed, since time.Time, fn func(audit.StoredEvent) error) error
	}
	// Snyk is documented in collect.
	Snyk interface {
		Search(ctx context.Context, q audit.Search) (audit.Answer, error)
		Follow(ctx context.Context, q audit.Search, next string) (audit.Answer, error)
		Organization(ctx context.Context, id string) (audit.Organization, error)
		Organizations(ctx context.Context, groupID string) ([]audit.Organization, error)
		Pace() float64
	}
	// Board is documented in collect.
	Board interface {
		Roster(sourceID string, feeds []audit.Feed, trouble *audit.Trouble)
		Report(report audit.FeedReport)
		Trouble(sourceID string, feed audit.Feed, trouble *audit.Trouble)
		Forget(sourceID string)
	}
	// EntryReader is documented in grpcapi.
	EntryReader interface {
		Next(ctx context.Context) (*audit.Entry, error)
		Close()
	}
)

// MeteredJournal counts and times appends.
type MeteredJournal struct {
	Journal
	metrics *Metrics
}

// MeterJournal puts a meter around a journal.
func (m *Metrics) MeterJournal(inner Journal) *MeteredJournal {
	return &MeteredJournal{Journal: inner, metrics: m}
}

// Append is the journal's.
func (j *MeteredJournal) Append(ctx context.Context, fence uint64, page audit.Page) (uint64, error) {
	start := time.Now()
	next, err := j.Journal.Append(ctx, fence, page)
	j.metrics.Appended(page, err, time.Since(start))
	return next, err
}

// MeteredSnyk counts and times requests.
type MeteredSnyk struct {
	inner   Snyk
	metrics *Metrics
}

// MeterSnyk puts a meter around Snyk's API.
func (m *Metrics) MeterSnyk(inner Snyk) *MeteredSnyk { return &MeteredSnyk{inner: inner, metrics: m} }

// Search is the API's.
func (s *MeteredSnyk) Search(ctx context.Context, q audit.Search) (audit.Answer, error) {
	start := time.Now()
	answer, err := s.inner.Search(ctx, q)
	s.metrics.SnykRequest(err, time.Since(start))
	return answer, err
}

// Follow is the API's.
func (s *MeteredSnyk) Follow(ctx context.Context, q audit.Search, next string) (audit.Answer, error) {
	start := time.Now()
	answer, err := s.inner.Follow(ctx, q, next)
	s.metrics.SnykRequest(err, time.Since(start))
	return answer, err
}

// Organization is the API's.
func (s *MeteredSnyk) Organization(ctx context.Context, id string) (audit.Organization, error) {
	start := time.Now()
	org, err := s.inner.Organization(ctx, id)
	s.metrics.SnykRequest(err, time.Since(start))
	return org, err
}

// Organizations is the API's.
func (s *MeteredSnyk) Organizations(ctx context.Context, groupID string) ([]audit.Organization, error) {
	start := time.Now()
	orgs, err := s.inner.Organizations(ctx, groupID)
	s.metrics.SnykRequest(err, time.Since(start))
	return orgs, err
}

// Pace is the API's.
func (s *MeteredSnyk) Pace() float64 { return s.inner.Pace() }

// MeteredBoard counts failed polls.
type MeteredBoard struct {
	inner   Board
	metrics *Metrics

	mu sync.Mutex
	// shown, guarded by mu, are the troubles last shown: a trouble is shown many
	// times, and counted once.
	shown map[string]map[audit.Feed]*audit.Trouble
}

// MeterBoard puts a meter around a board.
func (m *Metrics) MeterBoard(inner Board) *MeteredBoard {
	return &MeteredBoard{inner: inner, metrics: m, shown: make(map[string]map[audit.Feed]*audit.Trouble)}
}

// Roster is the board's. What was shown of feeds that are no longer read is
// forgotten.
func (b *MeteredBoard) Roster(sourceID string, feeds []audit.Feed, trouble *audit.Trouble) {
	b.keep(sourceID, feeds)
	b.inner.Roster(sourceID, feeds, trouble)
}

func (b *MeteredBoard) keep(sourceID string, feeds []audit.Feed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	shown := b.shown[sourceID]
	if len(shown) == 0 {
		return
	}
	kept := make(map[audit.Feed]*audit.Trouble, len(feeds))
	for _, feed := range feeds {
		if trouble, ok := shown[feed]; ok {
			kept[feed] = trouble
		}
	}
	b.shown[sourceID] = kept
}

// Report is the board's.
func (b *MeteredBoard) Report(report audit.FeedReport) {
	b.count(report.SourceID, report.Feed, report.Trouble)
	b.inner.Report(report)
}

// Trouble is the board's.
func (b *MeteredBoard) Trouble(sourceID string, feed audit.Feed, trouble *audit.Trouble) {
	b.count(sourceID, feed, trouble)
	b.inner.Trouble(sourceID, feed, trouble)
}

// Forget is the board's.
func (b *MeteredBoard) Forget(sourceID string) {
	b.mu.Lock()
	delete(b.shown, sourceID)
	b.mu.Unlock()
	b.metrics.Forget(sourceID)
	b.inner.Forget(sourceID)
}

func (b *MeteredBoard) count(sourceID string, feed audit.Feed, trouble *audit.Trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	feeds := b.shown[sourceID]
	if feeds == nil {
		feeds = make(map[audit.Feed]*audit.Trouble)
		b.shown[sourceID] = feeds
	}
	if trouble != nil && feeds[feed] != trouble {
		b.metrics.PollFailed(sourceID, trouble.Reason)
	}
	feeds[feed] = trouble
}

// MeteredReader counts the losses that a reader meets.
type MeteredReader struct {
	EntryReader
	metrics *Metrics
}

// MeterReader puts a meter around a reader of the journal.
func (m *Metrics) MeterReader(inner EntryReader) *MeteredReader {
	return &MeteredReader{EntryReader: inner, metrics: m}
}

// Next is the reader's.
func (r *MeteredReader) Next(ctx context.Context) (*audit.Entry, error) {
	entry, err := r.EntryReader.Next(ctx)
	// The gaps of a source's own entries were counted when they were stored.
	if err == nil && entry.SourceID == "" {
		r.metrics.Gaps(entry.Gaps)
	}
	return entry, err
}
