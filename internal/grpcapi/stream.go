package grpcapi

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
	"github.com/snykstream/snykstream/internal/wire"
)

// eventStream is one call of StreamEvents. It walks the journal entry by entry,
// gathers what the filter lets through, and sends it with the position reached.
// Nothing it holds is shared with other streams but what never changes.
type eventStream struct {
	cfg *EventsConfig
	ask streamRequest
	out grpc.ServerStreamingServer[snykstreamv1.StreamEventsResponse]

	// pos is the position reached: everything before it is sent, filtered out, or
	// gathered in batch.
	pos   audit.Position
	batch eventBatch
	// raws are the raw bytes of the entry in hand, where they are asked for.
	raws wire.Raws
	// matcher asks the request's filter.
	matcher *filter.Matcher
	// entry is the entry in hand, next the first of its events that is not
	// considered; met is what is known of its feed.
	entry *audit.Entry
	next  int
	met   *feedMet
	seen  coverage

	ahead *fetcher
	// fault is what ended the reading. restarts counts how often it began anew
	// since it last brought an entry, and moved says that it ever did.
	fault    error
	restarts int
	moved    bool

	pulse  pulse
	danger danger
	// target is the journal's head when the call came in, where the stream ends
	// if that is asked for.
	target uint64
}

func newEventStream(
	cfg *EventsConfig, ask streamRequest, out grpc.ServerStreamingServer[snykstreamv1.StreamEventsResponse],
) *eventStream {
	return &eventStream{
		cfg: cfg, ask: ask, out: out,
		matcher: ask.plan.Matcher(),
		batch:   eventBatch{maxEvents: ask.batch},
		seen:    coverage{},
	}
}

// run serves the stream until it ends.
func (s *eventStream) run(ctx context.Context) error {
	if s.draining() {
		return errDraining()
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer func() { s.ahead.close() }()
	if err := s.beat(ctx); err != nil || s.reachedStop() {
		return err
	}
	for {
		if more, err := s.step(ctx); err != nil || !more {
			return err
		}
	}
}

// step does the most pressing thing there is to do.
func (s *eventStream) step(ctx context.Context) (more bool, err error) {
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case s.draining():
		return false, s.leave(errDraining())
	case hasAged(ctx):
		return false, s.leave(errAged())
	case s.batch.full, s.batch.overdue(now):
		return true, s.flush()
	case s.pulse.dueBy(now):
		return true, s.beat(ctx)
	case s.reachedStop():
		return false, s.beat(ctx)
	case s.entry != nil:
		if err := s.consider(); err != nil {
			return false, s.fail(err)
		}
		return true, nil
	case s.fault != nil:
		return true, s.recover(ctx)
	}
	return true, s.advance(ctx)
}

// advance takes the next entry in hand. Where none is ready it sends what is
// gathered, says that the stream has caught up, and waits.
func (s *eventStream) advance(ctx context.Context) error {
	if s.poll() {
		return nil
	}
	if !s.moreStored() {
		switch {
		case !s.batch.empty():
			return s.flush()
		case s.mayHaveCaughtUp():
			return s.tellCaughtUp(ctx)
		}
	}
	s.wait(ctx)
	return nil
}

// wait waits for the next entry, and for all else that the stream must wake for.
func (s *eventStream) wait(ctx context.Context) {
	until := s.pulse.due
	if late := s.batch.since.Add(linger); !s.batch.empty() && late.Before(until) {
		until = late
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case got := <-s.ahead.found:
		s.take(got)
	case <-timer.C:
	case <-s.cfg.Drain:
	case <-aged(ctx):
	case <-ctx.Done():
	}
}

// poll takes the next entry in hand if it is ready.
func (s *eventStream) poll() bool {
	select {
	case got := <-s.ahead.found:
		s.take(got)
		return true
	default:
		return false
	}
}

// take takes what the fetcher found in hand.
func (s *eventStream) take(got fetched) {
	if got.err != nil {
		s.fault = got.err
		return
	}
	s.moved, s.restarts = true, 0
	s.entry, s.next = got.entry, got.entry.First
	s.met = s.seen.feed(got.entry)
}

// flush sends what is gathered.
func (s *eventStream) flush() error { return s.send(&snykstreamv1.StreamEventsResponse{}) }

// send sends a message with what is gathered, and with the token of all that was
// considered.
func (s *eventStream) send(message *snykstreamv1.StreamEventsResponse) error {
	taken := s.batch.take()
	message.ResumeToken = s.cfg.Tokens.Token(s.pos)
	if err := s.out.SendMsg(taken.message(message)); err != nil {
		if ended := s.out.Context().Err(); ended != nil {
			return ended
		}
		return fmt.Errorf("send to the subscriber: %w", err)
	}
	s.cfg.Metrics.EventsSent(taken.events)
	return nil
}

// fail sends what is gathered, as the caller is to have all that was before an
// error, and returns the error.
func (s *eventStream) fail(err error) error {
	if s.batch.empty() {
		return err
	}
	if sending := s.flush(); sending != nil {
		return sending
	}
	return err
}

// passed is the sequence of the last entry that the stream is done with.
func (s *eventStream) passed() uint64 {
	if s.pos.Whole || s.pos.Sequence == 0 {
		return s.pos.Sequence
	}
	return s.pos.Sequence - 1
}
