package journal

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// How much a scan reads at a time.
const (
	scanBatch = 256
	scanBytes = 4 << 20
)

// Scan calls fn for every event of the feed that was stored at or after since, in
// journal order, up to the feed's last entry at the time of the call. Since is
// compared with the store's clock, which is later than an entry's ingest time by
// the time the append took: leave a margin. An entry is passed as a whole.
//
// Events that are lost, on a damaged disk, are logged and passed over: should Snyk
// show their records again, storing them again is better than a feed that stands
// still.
//
// Errors: fn's own, as it is; KindUnavailable, also where the store gives up
// before the feed's last entry; ctx's.
func (j *Journal) Scan(ctx context.Context, sourceID string, feed audit.Feed, since time.Time, fn func(audit.StoredEvent) error) error {
	if err := checkFeed(sourceID, feed); err != nil {
		return err
	}
	doing := "scanning the entries of " + sourceID + " " + feed.String()
	subject := feedSubject(sourceID, feed)
	last, err := j.direct.lastOf(ctx, streamName, []string{subject}, 0)
	if err != nil {
		return unavailable(ctx, doing, err)
	}
	if len(last) == 0 || last[0].stored.Before(since) {
		return nil
	}
	s := scan{fn: fn, until: last[0].seq, log: j.cfg.Log.With(slog.String("source", sourceID), slog.String("feed", feed.String()))}
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
	// ordinal is that of the last event, 0 before the first.
	ordinal uint64
	log     *slog.Logger
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

// entry walks over the events of an entry, which come first.
func (s *scan) entry(ctx context.Context, m *message) error {
	for f, err := range fields(m.data) {
		if err != nil {
			return fmt.Errorf("scanning entry %d: %w", m.seq, err)
		}
		if f.number != fieldEvents {
			return nil
		}
		event, ordinal, err := s.event(f.bytes)
		if err != nil {
			return fmt.Errorf("scanning entry %d: %w", m.seq, err)
		}
		if s.ordinal > 0 && ordinal != s.ordinal+1 {
			s.log.ErrorContext(ctx, "events are missing in the journal",
				slog.Uint64("first", s.ordinal+1), slog.Uint64("last", ordinal-1))
		}
		s.ordinal = ordinal
		if err := s.fn(event); err != nil {
			return err
		}
	}
	return nil
}
