package journal

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// How much a scan reads at a time.
const (
	scanBatch = 256
	scanBytes = 4 << 20
)

// Scan calls fn for every event of the feed that was stored at or after since, in
// journal order, up to the feed's last entry at the time of the call. The zero feed
// stands for all feeds of the source. Since is compared with the store's clock,
// which is later than an entry's ingest time by the time the append took: leave a
// margin. An entry is passed as a whole. What fn is given of an event's Raw is good
// for that call alone.
//
// Events that are lost, on a damaged disk, are logged and passed over: should Snyk
// show their records again, storing them again is better than a feed that stands
// still.
//
// Errors: fn's own, as it is; KindUnavailable, also where the store gives up
// before the last entry; ctx's.
func (j *Journal) Scan(ctx context.Context, sourceID string, feed audit.Feed, since time.Time, fn func(audit.StoredEvent) error) error {
	subject, err := scanSubject(sourceID, feed)
	if err != nil {
		return err
	}
	doing := strings.TrimSpace("scanning the entries of " + sourceID + " " + feed.String())
	end, found, err := j.direct.end(ctx, j.js, streamName, subject)
	if err != nil {
		return unavailable(ctx, doing, err)
	}
	if !found || end.stored.Before(since) {
		return nil
	}
	s := scan{fn: fn, until: end.seq, log: j.cfg.Log.With(slog.String("source", sourceID))}
	since = storeClock(since)
	req := getRequest{StartTime: &since, NextFor: subject, Batch: scanBatch, MaxBytes: scanBytes}
	for !s.done {
		got, err := j.direct.next(ctx, req)
		if err != nil {
			return unavailable(ctx, doing, err)
		}
		if len(got.messages) == 0 {
			return j.scanEnd(ctx, s.until, doing)
		}
		if err := s.take(ctx, got.messages); err != nil {
			return err
		}
		req.StartTime, req.Seq = nil, got.messages[len(got.messages)-1].seq+1
	}
	return nil
}

// scanSubject is what the feed's entries are stored under; without a feed, what
// all of the source's are.
func scanSubject(sourceID string, feed audit.Feed) (string, error) {
	if feed == (audit.Feed{}) {
		return sourceFilter(sourceID), checkSource(sourceID)
	}
	return feedSubject(sourceID, feed), checkFeed(sourceID, feed)
}

// storeClock brings a time into the range that the store can compare with: it
// counts nanoseconds from 1970. Nothing was stored outside.
func storeClock(t time.Time) time.Time {
	if t.Unix() < 0 {
		return time.Unix(0, 0).UTC()
	}
	if end := time.Unix(0, math.MaxInt64).UTC(); t.After(end) {
		return end
	}
	return t
}

// scanEnd judges a scan that found nothing more before the feed's last entry:
// right if retention took that meanwhile, else there is something that the store
// cannot read.
func (j *Journal) scanEnd(ctx context.Context, until uint64, doing string) error {
	x, err := j.extent(ctx)
	if err != nil {
		return err
	}
	if x.first > until {
		return nil
	}
	return unavailable(ctx, doing, fmt.Errorf("the store cannot read an entry up to %d", until))
}

// scan is a scan under way.
type scan struct {
	fn func(audit.StoredEvent) error
	// until is the last sequence to consider; done says that it was.
	until uint64
	done  bool
	names names
	// feeds are those met so far, by subject; nil where the subject is no feed's.
	feeds map[string]*scannedFeed
	log   *slog.Logger
}

// scannedFeed is what a scan knows of a feed.
type scannedFeed struct {
	id audit.Feed
	// ordinal is that of the feed's last event, 0 before the first.
	ordinal uint64
}

func (s *scan) take(ctx context.Context, messages []message) error {
	for i := range messages {
		m := &messages[i]
		if m.seq > s.until {
			s.done = true
			return nil
		}
		if err := s.entry(ctx, m); err != nil {
			return err
		}
		s.done = m.seq == s.until
	}
	return nil
}

// feed is whose entries the subject has; nil where they are no feed's.
func (s *scan) feed(subject string) (*scannedFeed, error) {
	if known, ok := s.feeds[subject]; ok {
		return known, nil
	}
	_, token, err := splitSubject(subject)
	if err != nil {
		return nil, err
	}
	var feed *scannedFeed
	if token != controlToken && token != chunkToken {
		id, err := audit.ParseFeed(token)
		if err != nil {
			return nil, err
		}
		feed = &scannedFeed{id: id}
	}
	if s.feeds == nil {
		s.feeds = map[string]*scannedFeed{}
	}
	s.feeds[subject] = feed
	return feed, nil
}

// entry walks over the events of an entry.
func (s *scan) entry(ctx context.Context, m *message) error {
	feed, err := s.feed(m.subject)
	if err != nil {
		return fmt.Errorf("scanning entry %d: %w", m.seq, err)
	}
	if feed == nil {
		return nil
	}
	events, _, err := wire.Cut(m.data, m.events())
	if err != nil {
		return fmt.Errorf("scanning entry %d: %w", m.seq, err)
	}
	raws, err := events.Raws()
	if err != nil {
		return fmt.Errorf("scanning entry %d: %w", m.seq, err)
	}
	var facts wire.Facts
	for i := range events.Len() {
		if err := events.Event(i).Facts(&facts); err != nil {
			return fmt.Errorf("scanning entry %d: %w", m.seq, err)
		}
		if feed.ordinal > 0 && facts.Sequence != feed.ordinal+1 {
			s.log.ErrorContext(ctx, "events are missing in the journal", slog.String("feed", feed.id.String()),
				slog.Uint64("first", feed.ordinal+1), slog.Uint64("last", facts.Sequence-1))
		}
		feed.ordinal = facts.Sequence
		if err := s.fn(s.told(feed.id, &facts, raws.At(i))); err != nil {
			return err
		}
	}
	return nil
}
