package collect

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/internal/audit"
)

// lastWords is how long a stopping feed may take to store its progress.
const lastWords = 3 * time.Second

// crew are the feeds of a source at work on one state of the journal: those that
// are named, and those found in the group. One goroutine changes it: the one that
// runs it, and then the one that follows the group.
type crew struct {
	*worker
	log    *slog.Logger
	book   *book
	family *family
	// states are those of all feeds that the source ever had.
	states map[audit.Feed]audit.FeedState

	// lead is the most that Snyk's clock was seen ahead by any of them.
	lead time.Duration

	snyk Snyk
	of   account
	// posts are the feeds at work.
	posts map[audit.Feed]*post
	// hints has a place for one hint that the group's organizations change.
	hints chan struct{}
}

// post is a feed at work. leave stops it, left is closed when it has.
type post struct {
	*feed
	leave context.CancelFunc
	left  chan struct{}
}

// load reads the source's state and makes a crew of it, with the named feeds.
func (w *worker) load(ctx context.Context, log *slog.Logger) (*crew, error) {
	id := w.source.ID()
	snapshot, err := w.Journal.Load(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load the source's state: %w", err)
	}
	c := &crew{
		worker: w, log: log, book: &book{journal: w.Journal, sourceID: id, fence: snapshot.Fence}, family: newFamily(),
		states: snapshot.Feeds, posts: map[audit.Feed]*post{}, hints: make(chan struct{}, 1),
	}
	c.family.all = w.source.AllOrganizations()
	for _, state := range c.states {
		c.lead = max(c.lead, state.ClockLead)
	}
	for _, feedID := range w.source.Feeds() {
		c.hire(feedID, false)
	}
	return c, nil
}

// hire makes a feed of what is stored of it.
func (c *crew) hire(id audit.Feed, found bool) *post {
	f := &feed{
		source: c.source, id: id, found: found, book: c.book, family: c.family, board: c.Board,
		log:   c.log.With(slog.String("feed", id.String())),
		state: begin(c.states[id], c.source, time.Now()),
		known: newKnown(id), now: newPatience(remediesOf(id)), past: newPatience(remediesOf(id)), aside: newPatience(remediesOf(id)),
		waiting: tries(quickestTry, slowestSoon), polled: map[audit.LaneKind]time.Time{},
		tails: map[audit.LaneKind]*pass{}, background: map[audit.LaneKind]*pass{}, rewrites: rewrites{}, lead: c.lead,
		scan: c.scanner(id), interval: c.interval, hint: c.hint,
		// What was loaded may lie in the journal alone, where retention reaches it.
		dirty: c.states[id].LastSequence > 0,
	}
	// What kept the source from being collected shows until a poll succeeds, and a
	// load is no success.
	if !found {
		f.now.trouble = c.patience.trouble
	} else {
		f.state.GroupID = c.source.GroupID() // it was found there
	}
	if before, ok := c.before[id]; ok && f.now.trouble == nil {
		f.now = before
	}
	p := &post{feed: f, left: make(chan struct{})}
	c.posts[id] = p
	return p
}

// scanner reads the stored events that a feed may be shown: an organization's own
// and its group's, or all of the source for a group.
func (c *crew) scanner(id audit.Feed) scanner {
	feeds := map[audit.Feed]bool{id: true}
	for other := range c.states {
		feeds[other] = other.Scope != id.Scope || other == id
	}
	for _, other := range c.source.Feeds() {
		feeds[other] = other.Scope != id.Scope || other == id
	}
	if id.Scope == audit.ScopeGroup {
		feeds = map[audit.Feed]bool{{}: true}
	}
	maps.DeleteFunc(feeds, func(_ audit.Feed, needed bool) bool { return !needed })
	return func(ctx context.Context, since time.Time, fn func(audit.StoredEvent) error) error {
		for feed := range feeds {
			if err := c.Journal.Scan(ctx, c.source.ID(), feed, since, fn); err != nil {
				return err
			}
		}
		return nil
	}
}

// interval is the time between two polls of a feed: the one asked for, or what
// the credential's pace allows.
func (c *crew) interval() time.Duration {
	asked := c.source.PollInterval()
	if c.snyk == nil {
		return asked
	}
	return time.Duration(float64(asked) * c.budget.stretch(c.of, c.snyk.Pace()))
}

// hint tells that the group's organizations change.
func (c *crew) hint() {
	select {
	case c.hints <- struct{}{}:
	default:
	}
}

// organizations are those of the group that the source has ever read.
func (c *crew) organizations() []audit.Feed {
	var out []audit.Feed
	for id, state := range c.states {
		if id.Scope == audit.ScopeOrg && state.GroupID == c.source.GroupID() {
			out = append(out, id)
		}
	}
	return out
}

// dial opens the source's credential.
func (c *crew) dial(ctx context.Context) error {
	cred, err := c.Sources.Credential(ctx, c.source)
	if err != nil {
		return fmt.Errorf("open the stored credential: %w", err)
	}
	region := c.source.Source.GetSnyk().GetRegion()
	c.snyk, c.of = c.Dial(region, cred), accountOf(region, cred)
	return nil
}

// run runs the feeds until one of them needs the source loaded again.
func (c *crew) run(ctx context.Context) error {
	team, ctx := errgroup.WithContext(ctx)
	// The group is not read before it knows of all organizations.
	if c.source.AllOrganizations() {
		c.family.note(unlisted, standing{})
	}
	for _, p := range c.posts {
		c.introduce(p)
	}
	for _, p := range c.posts {
		c.start(ctx, team, p, c.firstPoll())
	}
	if c.seeks() {
		team.Go(func() error { return c.follow(ctx, team) })
	}
	return team.Wait()
}

// introduce tells the group of an organization.
func (c *crew) introduce(p *post) {
	if p.id.Scope == audit.ScopeOrg {
		c.family.note(p.id.ID, p.standing())
	}
}

func (c *crew) firstPoll() time.Time {
	if !c.spread {
		return time.Now()
	}
	return time.Now().Add(rand.N(min(startJitter, c.source.PollInterval()/10)))
}

// start puts a feed to work.
func (c *crew) start(ctx context.Context, team *errgroup.Group, p *post, firstPoll time.Time) {
	p.snyk = c.snyk
	own, leave := context.WithCancel(ctx)
	p.leave = leave
	c.book.remember(p.known)
	relieve := c.budget.join(c.of, len(c.source.Lanes()), c.source.PollInterval())
	team.Go(func() error {
		defer close(p.left)
		defer leave()
		defer relieve()
		defer c.book.forget(p.known)
		defer part(ctx, p.feed)
		if err := p.run(own, firstPoll); own.Err() == nil || ctx.Err() != nil {
			return err
		}
		return nil // it was dismissed
	})
}

// part stores the progress of a feed that stops.
func part(ctx context.Context, f *feed) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	f.save(ctx)
}

// dismiss takes a feed from its work.
func (c *crew) dismiss(p *post) {
	p.leave()
	<-p.left
	c.states[p.id] = p.state
	c.family.leave(p.id.ID)
	delete(c.posts, p.id)
}

// showRoster shows which feeds are read, and what keeps others from being found.
func (c *crew) showRoster(trouble *audit.Trouble, more ...audit.Feed) {
	feeds := slices.AppendSeq(slices.Clone(more), maps.Keys(c.posts))
	slices.SortFunc(feeds, func(a, b audit.Feed) int { return strings.Compare(a.String(), b.String()) })
	c.roster = slices.Compact(feeds)
	c.Board.Roster(c.source.ID(), c.roster, trouble)
}

// showTrouble shows what keeps the whole source from being collected.
func (w *worker) showTrouble(trouble *audit.Trouble) {
	if len(w.roster) == 0 {
		w.Board.Roster(w.source.ID(), w.source.Feeds(), trouble)
		w.roster = w.source.Feeds()
	}
	for _, id := range w.roster {
		w.Board.Trouble(w.source.ID(), id, trouble)
	}
}
