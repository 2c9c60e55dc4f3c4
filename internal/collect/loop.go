package collect

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// breath is the time between two polls that history has for itself, also where
// polls take longer than their interval: one answer fits in.
const breath = time.Second

// run polls the tail on its interval and spends what time is left on history and
// sweeps, one answer at a time, so that a live event never waits for more than
// one answer of old ones. It ends with ctx, or with an error after which the
// source must be loaded again.
func (f *feed) run(ctx context.Context, firstPoll time.Time) error {
	poll, background := firstPoll, time.Time{}
	for ctx.Err() == nil {
		now := time.Now()
		switch {
		case !now.Before(poll):
			err := f.poll(ctx)
			if fatal(ctx, err) {
				return err
			}
			poll = audit.Later(now.Add(f.pause()), time.Now().Add(breath))
			if err != nil {
				poll = f.failed(ctx, &f.now, err)
			}
		case f.idle():
			rest(ctx, poll)
		case now.Before(background):
			rest(ctx, audit.Earlier(poll, background))
		default:
			err := f.readBackground(ctx)
			if fatal(ctx, err) {
				return err
			}
			if err != nil {
				background = f.failed(ctx, &f.past, err)
			}
		}
		f.show()
	}
	return ctx.Err()
}

// fatal says whether the feed cannot go on: ctx has ended, or what the journal
// holds is only known by loading it again.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, audit.ErrFenced) || errors.Is(err, audit.ErrUnknownOutcome)
}

// failed takes note of an error and says when to try again.
func (f *feed) failed(ctx context.Context, p *patience, err error) time.Time {
	f.log.WarnContext(ctx, "reading Snyk's audit log failed; it is tried again", slog.Any("error", err))
	return time.Now().Add(p.failed(err))
}

// pause is the time until the next poll. A group whose organizations are not read
// yet looks again soon.
func (f *feed) pause() time.Duration {
	if f.id.Scope == audit.ScopeGroup && f.state.Ledger(audit.LaneDefault).Frontier.IsZero() {
		return min(f.waiting.NextBackOff(), f.interval())
	}
	return jittered(f.interval())
}

// jittered keeps polls from falling into step. It only shortens the interval, so
// that the one asked for is kept.
func jittered(d time.Duration) time.Duration { return d - rand.N(d/10) }

// poll reads every lane's tail to its end. A lane that Snyk refuses apart from
// the default one has its own patience, and holds up nothing else.
func (f *feed) poll(ctx context.Context) error {
	f.lastPoll = time.Now()
	if f.id.Scope == audit.ScopeGroup && f.now.trouble != nil && time.Since(f.now.trouble.Time) > time.Minute {
		f.family.wait()
	}
	f.state.ForgetLateness(f.lastPoll)
	f.show()
	f.findGroup(ctx)
	for _, lane := range f.source.Lanes() {
		if lane != audit.LaneDefault && time.Now().Before(f.asideAgain) {
			continue
		}
		err := f.readTail(ctx, lane)
		switch {
		case fatal(ctx, err), err != nil && lane == audit.LaneDefault:
			return err
		case err != nil:
			f.asideAgain = f.failed(ctx, &f.aside, err)
		case lane != audit.LaneDefault:
			f.aside.succeeded()
		}
	}
	f.now.succeeded()
	f.lastSuccess = time.Now()
	f.forget()
	return nil
}

func (f *feed) readTail(ctx context.Context, lane audit.LaneKind) error {
	p, began := f.tailPass(lane), f.clock.horizon(time.Now())
	f.tails[lane] = p
	defer delete(f.tails, lane)
	for {
		done, err := f.step(ctx, p)
		if err != nil {
			return err
		}
		if done {
			f.polled[lane] = began
			return nil
		}
	}
}

// forget drops what no pass will ask for again from the memory of stored events.
func (f *feed) forget() {
	var needed audit.Intervals
	for _, lane := range f.source.Lanes() {
		start := f.tailStart(lane)
		if p := f.tails[lane]; p != nil && f.known.crowded() {
			start = audit.Later(start, p.at)
		}
		needed = needed.Add(audit.Interval{Start: start, End: forever})
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
		Warnings: f.group.warnings(), Interval: f.interval(), Found: f.found && !f.partly(), Present: f.clock.slower(),
	}
	report.Trouble = cmp.Or(f.now.trouble, f.aside.trouble, f.past.trouble)
	if f.unsaved != nil {
		report.Warnings = append(report.Warnings, "the feed's progress could not be stored lately; after a restart it would be read again")
	}
	f.board.Report(report)
	if f.id.Scope == audit.ScopeOrg {
		f.family.note(f.id.ID, f.standing())
	}
}

// partly says that the feed is read, and a part of it fails.
func (f *feed) partly() bool {
	return f.now.trouble == nil && (f.aside.trouble != nil || f.past.trouble != nil)
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
