package collect

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// idle says that there is nothing to read between polls. While polls fail, so
// would everything else; and before the first one nothing is known of Snyk's
// clock.
func (f *feed) idle() bool {
	return f.lastSuccess.IsZero() || f.now.trouble != nil || !f.hasBackground()
}

// hasBackground says whether there is something to read between polls, and
// starts the pass for it.
func (f *feed) hasBackground() bool {
	has := false
	for _, lane := range f.readable() {
		if f.background[lane] == nil && !f.state.Ledger(lane).Frontier.IsZero() {
			if p := f.backgroundPass(lane); p != nil {
				f.background[lane] = p
			}
		}
		has = has || f.background[lane] != nil
	}
	return has
}

// readable are the lanes but for those whose polls fail.
func (f *feed) readable() []audit.LaneKind {
	if f.aside.trouble != nil {
		return []audit.LaneKind{audit.LaneDefault}
	}
	return f.source.Lanes()
}

// readBackground reads one answer of a pass under way between polls. After one
// that fails it is another lane's turn.
func (f *feed) readBackground(ctx context.Context) (err error) {
	lanes := f.readable()
	defer func() {
		if err != nil {
			f.turn++
		}
	}()
	for i := range lanes {
		p := f.background[lanes[(f.turn+i)%len(lanes)]]
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
			f.finish(ctx, p)
		}
		return nil
	}
	return nil
}

// finish takes note that a pass under way between polls is at its end.
func (f *feed) finish(ctx context.Context, p *pass) {
	delete(f.background, p.lane)
	if p.purpose == sweep {
		f.state.Lane(p.lane).SweepTime = time.Now()
	}
	f.dirty = true
	f.forget()
	f.save(ctx)
}

// edgeWear is how much of the beginning of history may fall off Snyk's retention
// while it is being read, without being a loss: history then begins later.
const edgeWear = 24 * time.Hour

// writeOff moves a history pass past what Snyk no longer keeps, and reports that
// as a gap. Both clocks must say so: a loss is for good, and one of them may be
// wrong for a while.
func (f *feed) writeOff(ctx context.Context, p *pass) error {
	gone := audit.Interval{Start: p.at, End: audit.Earlier(p.to, f.clock.slower().Add(-audit.SnykRetention).Truncate(tick))}
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
	err := f.book.write(ctx, func() *audit.Page {
		return &audit.Page{
			SourceID: f.source.ID(), Feed: f.id, Gaps: []*snykstreamv1.Gap{gap}, Before: f.state, State: next,
		}
	})
	if err != nil {
		return err
	}
	f.log.ErrorContext(ctx, "Snyk dropped records before they could be read",
		slog.Time("from", gone.Start), slog.Time("to", gone.End))
	f.state, f.dirty = next, true
	p.from, p.at = gone.End, gone.End
	return nil
}
