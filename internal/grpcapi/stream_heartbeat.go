package grpcapi

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// headPatience bounds the wait for the journal's head: a heartbeat that does not
// know it goes out all the same.
const headPatience = time.Second

// pulse is what the stream tells of itself: that it lives, and how far it is.
type pulse struct {
	// due is when the next heartbeat is to be sent.
	due time.Time
	// head is the journal's last sequence as last heard, known whether the last
	// try to hear it succeeded.
	head  uint64
	known bool
	// told says that the last heartbeat said that the stream had caught up.
	told bool
	// beats counts the heartbeats sent.
	beats uint64
	// entries and events count what was considered: their ratio makes entries to
	// come into events.
	entries, events uint64
}

func (p *pulse) dueBy(now time.Time) bool { return !now.Before(p.due) }

// beat sends a heartbeat with what is gathered.
func (s *eventStream) beat(ctx context.Context) error {
	s.measure(ctx)
	if s.entry == nil && s.fault == nil && !s.caughtUp() {
		s.poll() // the oldest entry to come tells the lag
	}
	return s.say()
}

// tellCaughtUp sends a heartbeat at the moment when the stream has caught up. If
// it has not, the head it heard says what to wait for.
func (s *eventStream) tellCaughtUp(ctx context.Context) error {
	s.measure(ctx)
	if !s.caughtUp() {
		return nil
	}
	return s.say()
}

// measure asks for the journal's head.
func (s *eventStream) measure(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, headPatience)
	defer cancel()
	head, err := s.cfg.Positions.Head(ctx)
	if s.pulse.known = err == nil; err == nil {
		s.pulse.head = head
		return
	}
	s.cfg.Log.DebugContext(ctx, "the journal's head is not known", slog.Any("error", err))
}

// say sends a heartbeat with what is known now. Sources that do not fit one
// message follow in others, each a heartbeat of its own.
func (s *eventStream) say() error {
	now, caughtUp := time.Now(), s.caughtUp()
	events, age := s.lag(now)
	sources := s.seen.sources(s.passed(), s.cfg.Progress, s.cfg.States)
	warning, echo := s.warning(now), s.echo()
	for _, page := range pagesOf(sources) {
		err := s.send(&snykstreamv1.StreamEventsResponse{
			CaughtUp: caughtUp,
			Heartbeat: &snykstreamv1.Heartbeat{
				Time: timestamppb.New(now), LagEvents: events, LagTime: age, Sources: page,
				Filter: echo, RetentionWarning: warning, ExpressionMisses: s.matcher.Misses(),
			},
		})
		if err != nil {
			return err
		}
		echo = nil
	}
	s.pulse.due, s.pulse.told, s.pulse.beats = time.Now().Add(s.ask.interval), caughtUp, s.pulse.beats+1
	return nil
}

// lag is how many events are stored and not considered, and the age of the oldest
// of them where that is known. A stream that cannot tell whether it has caught up
// says that one is missing rather than none.
func (s *eventStream) lag(now time.Time) (uint64, *durationpb.Duration) {
	if s.caughtUp() {
		return 0, durationpb.New(0)
	}
	var events uint64
	var age *durationpb.Duration
	entries := s.pulse.head - min(s.pulse.head, s.passed())
	if s.entry != nil {
		events = uint64(s.entry.Events.Len() - s.next) //nolint:gosec // next is an index of events
		entries -= min(entries, 1)
		age = durationpb.New(max(now.Sub(s.entry.IngestTime), 0))
	}
	return max(events+entries*s.perEntry(), 1), age
}

// perEntry is how many events an entry holds: as this stream has seen, or, before
// it has seen any, as what the collectors have stored tells.
func (s *eventStream) perEntry() uint64 {
	events, entries := s.pulse.events, s.pulse.entries
	if entries == 0 {
		entries = s.pulse.head
		for _, report := range s.cfg.Progress.Reports() {
			events += report.State.LastSequence
		}
	}
	return max(events/max(entries, 1), 1)
}

// caughtUp says that everything stored has been considered, as far as the last
// heard head tells. It is never said on a guess.
func (s *eventStream) caughtUp() bool {
	return s.pulse.known && s.passed() >= s.pulse.head
}

// mayHaveCaughtUp says that the stream was behind when it last told, and has now
// considered everything it knows to be stored.
func (s *eventStream) mayHaveCaughtUp() bool { return s.pulse.known && !s.pulse.told }

// moreStored says that an entry is stored which the stream has not passed.
func (s *eventStream) moreStored() bool { return s.passed() < s.pulse.head }
