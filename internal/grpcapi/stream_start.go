package grpcapi

import (
	"context"
	"errors"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// maxRestarts bounds how often in a row a stream begins anew at an earliest entry
// that is gone when it is read.
const maxRestarts = 3

// open finds where the stream starts, and begins to read there.
func (s *eventStream) open(ctx context.Context) error {
	if s.ask.stop {
		head, err := s.cfg.Positions.Head(ctx)
		if err != nil {
			return err
		}
		s.target = head
	}
	at, err := s.start(ctx)
	if s.ask.restart && isExpired(err) {
		s.tell(retentionGap())
		s.ask.earliest = true
		at, err = s.cfg.Positions.Earliest(ctx)
	}
	if err != nil {
		return err
	}
	s.readFrom(ctx, at)
	return nil
}

// start is the position that the request names.
func (s *eventStream) start(ctx context.Context) (audit.Position, error) {
	switch {
	case s.ask.token != "":
		at, err := s.cfg.Tokens.ParseToken(s.ask.token)
		if err != nil {
			return audit.Position{}, err
		}
		return at, s.cfg.Tokens.Verify(ctx, at)
	case s.ask.startTime != nil:
		return s.cfg.Positions.At(ctx, *s.ask.startTime)
	case s.ask.earliest:
		return s.cfg.Positions.Earliest(ctx)
	}
	return s.cfg.Positions.Latest(ctx)
}

func (s *eventStream) readFrom(ctx context.Context, at audit.Position) {
	s.pos = at
	s.ahead = fetch(ctx, s.cfg.Read(at))
}

// recover deals with the end of the reading. What was gathered is sent whatever
// comes next. A stream that retention has overtaken goes on from the earliest
// entry where the caller wants that, after a gap: a new call with the last token
// would do the same. So does one that was to start at the earliest entry and has
// read nothing yet: it has missed nothing.
func (s *eventStream) recover(ctx context.Context) error {
	fault, unread := s.fault, s.ask.earliest && !s.moved
	s.fault = nil
	if !isExpired(fault) || !s.ask.restart && !unread || s.restarts >= maxRestarts {
		return s.fail(fault)
	}
	if err := s.fail(nil); err != nil {
		return err
	}
	at, err := s.cfg.Positions.Earliest(ctx)
	if err != nil {
		return err
	}
	s.restarts++
	s.ahead.close()
	s.readFrom(ctx, at)
	if unread {
		return nil
	}
	s.tell(retentionGap())
	return s.flush()
}

// tell gathers a gap that is in no entry.
func (s *eventStream) tell(gaps []*snykstreamv1.Gap) {
	s.batch.add(wire.Section{}, 0, picked{gaps: gaps})
}

func isExpired(err error) bool {
	known, ok := errors.AsType[*audit.Error](err)
	return ok && known.Reason == snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED
}

// retentionGap stands for what retention took before the stream read it. Nobody
// knows any more whose events they were.
func retentionGap() []*snykstreamv1.Gap {
	return []*snykstreamv1.Gap{{Reason: audit.GapRetention}}
}
