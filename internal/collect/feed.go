package collect

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// feed collects one audit log. Everything it knows it has from the journal, from
// Snyk's last answers and from the source's configuration; it is made anew
// whenever one of them may have changed behind its back.
type feed struct {
	source audit.SourceRecord
	id     audit.Feed
	// found says that it was found in the group, not asked for by name.
	found  bool
	snyk   Snyk
	book   *book
	family *family
	scan   scanner
	board  Board
	log    *slog.Logger
	// lead is the most that Snyk's clock was seen ahead by any feed of the source.
	lead time.Duration
	// interval is the time between two polls, as the credential's budget allows.
	interval func() time.Duration
	// hint is called when an event tells that the group's organizations change.
	hint func()

	state audit.FeedState
	known *known
	clock skewedClock
	// saved is when the state was last to be stored outside the journal, unsaved why
	// it could not; dirty says that it is not stored there as it is.
	saved   time.Time
	unsaved error
	dirty   bool

	// now and past are the patience with polls and with what is read between them,
	// aside that with the polls of all lanes but the default one.
	now, past, aside patience
	asideAgain       time.Time
	// waiting spaces a group's polls until its organizations are read.
	waiting *backoff.ExponentialBackOff
	// tails are the polls under way, one for each lane.
	tails map[audit.LaneKind]*pass
	// background are the passes under way between polls, one for each lane.
	background map[audit.LaneKind]*pass
	// turn counts whose turn it is between polls.
	turn int
	// polled is up to where polls have read, beyond what the ledger may say.
	polled map[audit.LaneKind]time.Time
	group  groupSearch
	// rewrites are those that were counted.
	rewrites rewrites

	lastPoll, lastSuccess time.Time
}

// minMargin is the lead of Snyk's clock over ours that is always reckoned with
// when stored events are looked for by the time they were stored.
const minMargin = 15 * time.Minute

// step reads on in a pass: one answer, one page. It says whether the pass is at
// its end.
func (f *feed) step(ctx context.Context, p *pass) (done bool, err error) {
	if !p.at.Before(p.to) {
		return true, nil
	}
	if f.known.lacks(p.needs()) {
		f.forget() // first, what need not be known makes room
	}
	known, err := f.known.ensure(ctx, p.needs(), minMargin+max(f.lead, f.state.ClockLead), f.scan)
	if err != nil {
		return false, err
	}
	sent := time.Now()
	got, err := read(ctx, f.snyk, audit.Search{
		Feed: f.id, From: p.at, To: audit.Earlier(p.to, known), Lane: p.lane, Background: p.purpose != tail,
	})
	if err != nil {
		return false, err
	}
	f.clock.learn(got.server, sent, time.Now())
	if err := f.store(ctx, p, got, audit.Earlier(f.clock.horizon(sent), p.bound)); err != nil {
		return false, err
	}
	if p.at = got.proven.End; p.passed.Contains(p.at) {
		p.at = p.passed.End
	}
	if f.known.grown() {
		f.forget()
	}
	if time.Since(f.saved) >= checkpointEvery {
		f.forget()
		f.save(ctx)
	}
	return !p.at.Before(p.to), nil
}

// store enters what an answer proves: its new records and the ledger in one
// append, or the ledger alone where nothing is new.
func (f *feed) store(ctx context.Context, p *pass, got reading, horizon time.Time) error {
	records := f.without(p, got.records)
	read := func(at time.Time) bool { return f.state.Ledger(p.lane).Covered.Contains(at) }
	var next audit.FeedState
	var found news
	err := f.book.write(ctx, func() *audit.Page {
		found = f.known.sift(records, read, f.family.complete(p.lane))
		next = f.state.Clone()
		next.ClockLead = max(next.ClockLead, f.clock.lead)
		fresh := f.admit(ctx, &next, p.lane, found)
		p.enter(&next, got.proven.End, horizon)
		if len(fresh) == 0 {
			return nil
		}
		return &audit.Page{SourceID: f.source.ID(), Feed: f.id, Records: fresh, Before: f.state, State: next}
	})
	if err != nil {
		return err
	}
	f.state, f.dirty = next, true
	f.rewrites.saw(found.rewritten)
	return nil
}

// without leaves the records of a group's log that an organization may yet show
// to a later poll: the ledger does not go beyond the pass's bound either.
func (f *feed) without(p *pass, records []audit.Observed) []audit.Observed {
	return slices.DeleteFunc(records, func(o audit.Observed) bool {
		return !o.Created.Before(p.bound) && f.family.mayShow(p.lane, o)
	})
}

// admit makes events of the new records and counts them in the state.
func (f *feed) admit(ctx context.Context, next *audit.FeedState, lane audit.LaneKind, found news) []audit.Record {
	records := make([]audit.Record, len(found.records))
	for i := range found.records {
		o := &found.records[i]
		event := audit.Normalise(o.Observed, audit.Setting{
			SourceID: f.source.ID(), Feed: f.id, GroupID: f.groupID(), Occurrence: o.occurrence, EncodedContent: true,
		})
		next.LastSequence++
		event.Sequence = next.LastSequence
		event.Origin = f.origin(o.Created, lane)
		if event.GetOrigin() == snykstreamv1.Origin_ORIGIN_LATE {
			next.Late++
			next.SawLate(f.clock.now().Sub(o.Created), time.Now())
		}
		if o.Problem != "" {
			next.Unreadable++
			f.log.WarnContext(ctx, "a record could not be read and is stored raw",
				slog.String("problem", o.Problem), slog.Uint64("sequence", event.GetSequence()))
		}
		if f.id.Scope == audit.ScopeGroup && changesOrganizations[o.Event] {
			f.hint()
		}
		next.LastEventTime = audit.Later(next.LastEventTime, o.Created)
		records[i] = audit.Record{Event: event, Raw: o.Raw}
	}
	next.Rewritten += f.rewrites.count(found.rewritten)
	return records
}

// changesOrganizations are the events of a group's log after which its list of
// organizations is another.
var changesOrganizations = map[string]bool{
	"group.org.add": true, "group.org.remove": true, "org.create": true, "org.delete": true,
}

// origin says how a new record came: found in time already read, from before the
// source was created, or as it happened.
func (f *feed) origin(created time.Time, lane audit.LaneKind) snykstreamv1.Origin {
	switch {
	case created.IsZero():
		return snykstreamv1.Origin_ORIGIN_LIVE
	case f.state.Ledger(lane).Covered.Contains(created):
		return snykstreamv1.Origin_ORIGIN_LATE
	case created.Before(f.source.Source.GetCreateTime().AsTime()):
		return snykstreamv1.Origin_ORIGIN_BACKFILL
	}
	return snykstreamv1.Origin_ORIGIN_LIVE
}

// save stores the state outside the journal: it is what is left of it when
// retention has passed the feed's last entry. A failure is a warning and stops
// nothing, since it costs repeated requests at worst; whoever has lost the source
// to another writer learns it from the next append.
func (f *feed) save(ctx context.Context) {
	if !f.dirty {
		return
	}
	f.saved = time.Now()
	if f.unsaved = f.book.checkpoint(ctx, f.id, f.state); f.unsaved != nil {
		f.log.WarnContext(ctx, "the feed's progress could not be stored; it may be read again", slog.Any("error", f.unsaved))
		return
	}
	f.dirty = false
}
