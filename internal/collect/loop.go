package collect

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// run polls the tail on its interval and spends what time is left on history and
// sweeps, one answer at a time, so that a live event never waits for more than
// one answer of old ones. It ends with ctx, or with an error after which the
// source must be loaded again.
func (f *feed) run(ctx context.Context, firstPoll time.Time) error {
	poll, background := firstPoll, time.Time{}
	for {
		var err error
		now := time.Now()
		// While polls fail, so would everything else.
		idle := f.now.trouble != nil || !f.hasBackground()
		switch {
		case !now.Before(poll):
			poll = now.Add(f.interval())
			if err = f.poll(ctx); err != nil {
				poll = time.Now().Add(f.now.failed(err))
			}
		case idle:
			rest(ctx, poll)
		case now.Before(background):
			rest(ctx, earliest(poll, background))
		default:
			if err = f.readBackground(ctx); err != nil {
				background = time.Now().Add(f.past.failed(err))
			}
		}
		f.show()
		if fatal := f.weigh(ctx, err); fatal != nil {
			return fatal
		}
	}
}

// weigh logs an error and says whether the feed can go on after it.
func (f *feed) weigh(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, audit.ErrFenced) || errors.Is(err, audit.ErrUnknownOutcome) {
		return err
	}
	f.log.WarnContext(ctx, "reading Snyk's audit log failed; it is tried again", slog.Any("error", err))
	return nil
}

// interval is the time between two polls. The jitter only shortens it, so that
// the interval asked for is kept.
func (f *feed) interval() time.Duration {
	d := f.source.PollInterval()
	return d - rand.N(d/10)
}

// poll reads every lane's tail to its end.
func (f *feed) poll(ctx context.Context) error {
	f.lastPoll, f.tailEnd = time.Now(), f.clock.horizon()
	f.show()
	f.findGroup(ctx)
	for _, lane := range f.source.Lanes() {
		p := f.tailPass(lane)
		for done := false; !done; {
			var err error
			if done, err = f.step(ctx, p); err != nil {
				return err
			}
		}
	}
	f.now.succeeded()
	f.lastSuccess = time.Now()
	f.forget()
	return nil
}

// hasBackground says whether there is something to read between polls, and
// starts the pass for it.
func (f *feed) hasBackground() bool {
	for _, lane := range f.source.Lanes() {
		if f.state.Ledger(lane).Frontier.IsZero() {
			continue
		}
		if f.background[lane] == nil {
			f.background[lane] = f.backgroundPass(lane)
		}
		if f.background[lane] == nil {
			delete(f.background, lane)
		}
	}
	return len(f.background) > 0
}

// readBackground reads one answer of a pass under way between polls.
func (f *feed) readBackground(ctx context.Context) error {
	for _, lane := range f.source.Lanes() {
		p := f.background[lane]
		if p == nil {
			continue
		}
		if err := f.writeOff(ctx, p); err != nil {
			return err
		}
		done, err := f.step(ctx, p)
		if err != nil {
			return err
		}
		f.past.succeeded()
		if done {
			delete(f.background, lane)
			return f.finish(ctx, p)
		}
		return nil
	}
	return nil
}

// finish takes note that a pass under way between polls is at its end.
func (f *feed) finish(ctx context.Context, p *pass) error {
	if p.purpose == sweep {
		f.state.Lane(p.lane).SweepTime = time.Now()
	}
	f.forget()
	f.dirty = true
	return f.save(ctx)
}

// edgeWear is how much of the beginning of history may fall off Snyk's retention
// while it is being read, without being a loss: history then begins later.
const edgeWear = 24 * time.Hour

// writeOff moves a history pass past what Snyk no longer keeps, and reports that
// as a gap.
func (f *feed) writeOff(ctx context.Context, p *pass) error {
	gone := audit.Interval{Start: p.at, End: earliest(p.to, f.clock.now().Add(-audit.SnykRetention).Truncate(tick))}
	if p.purpose != history || gone.Empty() {
		return nil
	}
	if gone.End.Sub(f.state.CollectFrom) <= edgeWear {
		f.state.CollectFrom, f.dirty = gone.End, true
		p.from, p.at = gone.End, gone.End
		return nil
	}
	next := f.state.Clone()
	next.Lost = next.Lost.Add(gone)
	gap := &snykstreamv1.Gap{
		SourceId: f.source.ID(), LogType: f.id.LogType(), Feed: f.id.String(),
		StartTime: timestamppb.New(gone.Start), EndTime: timestamppb.New(gone.End),
		Reason: audit.GapSnykRetention,
	}
	page := audit.Page{
		SourceID: f.source.ID(), Feed: f.id, Gaps: []*snykstreamv1.Gap{gap}, Before: f.state, State: next,
	}
	if err := f.book.append(ctx, page); err != nil {
		return err
	}
	f.log.ErrorContext(ctx, "Snyk dropped records before they could be read",
		slog.Time("from", gone.Start), slog.Time("to", gone.End))
	f.state = next
	p.from, p.at = gone.End, gone.End
	return nil
}

// forget drops what no pass will ask for again from the memory of stored events.
func (f *feed) forget() {
	var needed audit.Intervals
	for _, lane := range f.source.Lanes() {
		needed = needed.Add(audit.Interval{Start: f.tailStart(lane), End: forever})
		if p := f.background[lane]; p != nil {
			needed = needed.Add(audit.Interval{Start: p.at, End: p.to})
		}
	}
	f.known.keep(needed)
}

// show puts the feed on the board.
func (f *feed) show() {
	report := audit.FeedReport{
		SourceID: f.source.ID(), Feed: f.id, State: f.state.Clone(), Base: f.book.base(),
		Lanes: slices.Clone(f.source.Lanes()), LastPoll: f.lastPoll, LastSuccess: f.lastSuccess,
		TailEnd: f.tailEnd, Trouble: f.now.trouble, Warnings: f.group.warnings(),
	}
	if report.Trouble == nil {
		report.Trouble = f.past.trouble
	}
	f.board.Report(report)
}

// rest waits until t or until ctx ends.
func rest(ctx context.Context, t time.Time) {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
