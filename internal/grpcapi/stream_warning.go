package grpcapi

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

const (
	// A stream is warned when less than this part of the retention is left for what
	// it has not read, and never more than warnWithin before it is lost.
	warnPart   = 10
	warnWithin = 24 * time.Hour
)

// danger is how near retention is to what a stream has not read.
type danger struct {
	// left is how long the oldest unread event was kept at the last heartbeat; known
	// says that there was one.
	left  time.Duration
	known bool
}

// warning says that retention is about to take what the stream has not read. A
// stream that draws away from the edge is not warned: one that began at the oldest
// event is near it for a moment, and no news to anybody.
func (s *eventStream) warning(now time.Time) *snykstreamv1.RetentionWarning {
	before := s.danger
	s.danger = danger{}
	if s.cfg.Retention <= 0 || s.entry == nil || s.entry.IngestTime.IsZero() {
		return nil
	}
	left := max(s.cfg.Retention-now.Sub(s.entry.IngestTime), 0)
	s.danger = danger{left: left, known: true}
	switch {
	case left >= min(s.cfg.Retention/warnPart, warnWithin),
		before.known && left > before.left,
		!before.known && s.ask.token == "":
		return nil
	}
	return &snykstreamv1.RetentionWarning{
		TimeLeft: durationpb.New(left), OldestIngestTime: timestamppb.New(s.entry.IngestTime),
	}
}
