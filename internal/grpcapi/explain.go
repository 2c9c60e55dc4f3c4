package grpcapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
)

const (
	defaultExplainDays = 7
	maxExplainDays     = 90
)

// ExplainFilter reads what was stored in the last days, with the reader and the
// matcher of streams.
func (s *EventService) ExplainFilter(
	ctx context.Context, req *snykstreamv1.ExplainFilterRequest,
) (*snykstreamv1.ExplainFilterResponse, error) {
	plan, problems := planOf(req, s.cfg.Labels)
	days := req.GetDays()
	if days < 0 || days > maxExplainDays {
		problems = append(problems, audit.FieldProblem{Field: "days", Description: "must be 1 to 90, or 0 for 7"})
	} else if days == 0 {
		days = defaultExplainDays
	}
	if len(problems) > 0 {
		return nil, audit.Invalid(problems...)
	}
	done, err := s.explaining.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	now := time.Now()
	e := newExplanation(&s.cfg, plan, now.AddDate(0, 0, -int(days)))
	if err := e.run(ctx); err != nil {
		return nil, err
	}
	return e.response(now), nil
}

// explanation is one call of ExplainFilter.
type explanation struct {
	cfg     *EventsConfig
	plan    *filter.Plan
	matcher *filter.Matcher
	// from is the ingest time from which on events are looked at.
	from time.Time
	tally
	gaps []*snykstreamv1.Gap
}

func newExplanation(cfg *EventsConfig, plan *filter.Plan, from time.Time) *explanation {
	return &explanation{cfg: cfg, plan: plan, matcher: plan.Matcher(), from: from, tally: newTally()}
}

// run reads what was stored before the call. Where retention takes what is to be
// read, it goes on with the oldest entry: what is gone before it was looked at is
// no loss to whoever asks about the last days.
func (e *explanation) run(ctx context.Context) error {
	head, err := e.cfg.Positions.Head(ctx)
	if err != nil {
		return err
	}
	at, err := e.cfg.Positions.Since(ctx, e.from)
	for restarts := 0; err == nil; restarts++ {
		if err = e.read(ctx, at, head); !isExpired(err) || restarts >= maxRestarts {
			return err
		}
		e.tally, e.gaps, e.matcher = newTally(), nil, e.plan.Matcher()
		at, err = e.cfg.Positions.Earliest(ctx)
	}
	return err
}

func (e *explanation) read(ctx context.Context, at audit.Position, head uint64) error {
	reader := e.cfg.Read(at)
	defer reader.Close()
	for at.Sequence < head {
		select {
		case <-e.cfg.Drain: // a stop is not to wait for this
			return errDraining()
		default:
		}
		entry, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		at.Sequence = entry.Sequence
		e.gaps = append(e.gaps, entry.Gaps[:min(len(entry.Gaps), maxGaps-len(e.gaps))]...)
		if entry.IngestTime.Before(e.from) {
			continue
		}
		for i := range entry.Events.Len() {
			if err := e.consider(e.matcher, entry.Events.Event(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *explanation) response(now time.Time) *snykstreamv1.ExplainFilterResponse {
	out := e.tally.response()
	out.From, out.To = timestamppb.New(e.from), timestamppb.New(now)
	out.ExpressionMisses = e.matcher.Misses()
	out.Filter, out.Gaps = applied(e.plan), e.gaps
	return out
}
