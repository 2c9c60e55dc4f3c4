package grpcapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
)

// Positions finds places in the journal. Errors are *audit.Error: the store may
// be unavailable.
type Positions interface {
	// Earliest is the place before the oldest entry kept.
	Earliest(ctx context.Context) (audit.Position, error)
	// Latest is the place after everything stored.
	Latest(ctx context.Context) (audit.Position, error)
	// At is the place before the first stored event at or after t by event_time.
	At(ctx context.Context, t time.Time) (audit.Position, error)
	// Since is the place before the first entry stored at or after t; it may be a
	// little before it.
	Since(ctx context.Context, t time.Time) (audit.Position, error)
	// Head is the sequence of the journal's last entry.
	Head(ctx context.Context) (uint64, error)
}

// Tokens writes positions as resume tokens, and reads them.
type Tokens interface {
	// ParseToken reads a token; TOKEN_INVALID where it is none of this journal's.
	ParseToken(token string) (audit.Position, error)
	// Verify says whether the journal can be read from the position: else
	// TOKEN_EXPIRED or TOKEN_AHEAD.
	Verify(ctx context.Context, at audit.Position) error
	// Token writes the position as a token.
	Token(at audit.Position) string
}

// EntryReader reads the journal from a position on. Only one goroutine uses it.
type EntryReader interface {
	// Next waits for the next entry. Every sequence of the journal is part of one
	// entry, entries without events and entries lost included, so that a reader
	// that has read them all is at Head. Errors: that of ctx, after which Next may
	// be called again; TOKEN_EXPIRED where retention has overtaken the reader.
	Next(ctx context.Context) (*audit.Entry, error)
	// Close frees the reader.
	Close()
}

// Progress tells how far the collectors of this process are. What it returns is
// shared and never changed.
type Progress interface {
	Reports() []audit.FeedReport
	// Unlisted says that the feed is not among those that the source's collector
	// reads. It is false where the collector has not told them.
	Unlisted(sourceID string, feed audit.Feed) bool
}

// StreamMetrics counts what streams do.
type StreamMetrics interface {
	StreamOpened()
	StreamClosed()
	EventsSent(n int)
}

// EventsConfig is what the EventService needs. All of it but Retention is required.
type EventsConfig struct {
	Positions Positions
	Tokens    Tokens
	// Read makes a reader of the journal for one stream.
	Read func(audit.Position) EntryReader
	// Labels tells how a source is labelled now.
	Labels func(sourceID string) map[string]string
	// States tells how a source is doing now; unspecified where there is no such
	// source any more.
	States   func(sourceID string) snykstreamv1.SourceState
	Progress Progress
	// Retention is how long events are kept: streams are warned before it takes what
	// they have not read. 0: they are not.
	Retention time.Duration
	// Drain is closed when the server begins to stop.
	Drain   <-chan struct{}
	Metrics StreamMetrics
	Log     *slog.Logger
}

// EventService streams the journal.
type EventService struct {
	snykstreamv1.UnimplementedEventServiceServer

	cfg        EventsConfig
	explaining *turns
}

// NewEventService makes the service.
func NewEventService(cfg EventsConfig) (*EventService, error) {
	if cfg.Positions == nil || cfg.Tokens == nil || cfg.Read == nil || cfg.Labels == nil || cfg.States == nil ||
		cfg.Progress == nil || cfg.Drain == nil || cfg.Metrics == nil || cfg.Log == nil {
		return nil, errors.New("the event service needs every part of its configuration")
	}
	return &EventService{cfg: cfg, explaining: newTurns(cfg.Drain)}, nil
}

// StreamEvents sends stored events from a position on, then new ones as they are
// stored. It returns nil only where the caller asked it to stop when caught up.
func (s *EventService) StreamEvents(
	req *snykstreamv1.StreamEventsRequest, out grpc.ServerStreamingServer[snykstreamv1.StreamEventsResponse],
) error {
	ask, problems := readStreamRequest(req, s.cfg.Labels)
	if len(problems) > 0 {
		return audit.Invalid(problems...)
	}
	s.cfg.Metrics.StreamOpened()
	defer s.cfg.Metrics.StreamClosed()
	return newEventStream(&s.cfg, ask, out).run(out.Context())
}

// compile-time proof that the parts fit.
var _ snykstreamv1.EventServiceServer = (*EventService)(nil)

// filtered is a request with filters.
type filtered interface {
	GetInclude() []*snykstreamv1.EventFilter
	GetExclude() []*snykstreamv1.EventFilter
}

// planOf compiles a request's filters.
func planOf(req filtered, labels filter.Labels) (*filter.Plan, []audit.FieldProblem) {
	plan, err := filter.Compile(req.GetInclude(), req.GetExclude(), labels)
	if err == nil {
		return plan, nil
	}
	if bad, ok := errors.AsType[*audit.Error](err); ok {
		return nil, bad.Fields
	}
	return nil, []audit.FieldProblem{{Field: "include", Description: err.Error()}}
}
