package grpcapi

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// drainRetry is when a subscriber of a stopping server is to come back.
const drainRetry = time.Second

// reachedStop says that the stream is where its caller wants it to end. An entry
// that is in hand by then was stored after the call came in.
func (s *eventStream) reachedStop() bool { return s.ask.stop && s.passed() >= s.target }

func (s *eventStream) draining() bool {
	select {
	case <-s.cfg.Drain:
		return true
	default:
		return false
	}
}

// leave sends the message in hand as the last one, and returns why it is.
func (s *eventStream) leave(why error) error {
	if err := s.flush(); err != nil {
		return err
	}
	return why
}

func errDraining() error {
	return &audit.Error{
		Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_DRAINING,
		Message: "the server is stopping: reconnect with the last resume_token", RetryAfter: drainRetry,
	}
}
