package collect

import (
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// leaveRefused and leaveFailing are how long the group's log waits for an
	// organization whose log is refused, or fails otherwise, before its events are
	// taken from the group's log.
	leaveRefused = 10 * time.Minute
	leaveFailing = 2 * time.Hour
	// leaveUnread is the same for one that was never read, and is refused.
	leaveUnread = 30 * time.Second
	// leastAllowance is how late an organization's event may be before one was.
	leastAllowance = time.Minute
)

// family is what the feeds of a source know of each other. A group's log shows
// events of its organizations too, with less of them; an event that an
// organization shows is the organization's. So the group's log is read as far as
// the organizations' logs are, and what is there by then is passed over.
type family struct {
	mu sync.Mutex
	// members are how far the organizations are, by id.
	members map[string]standing
	// patient is from when on the group waits: it has no right to be impatient
	// about a time when its own log could not be read either.
	patient time.Time
	// all says that organizations not known yet will be read too.
	all bool
}

// standing is how far an organization's lanes are read.
type standing map[audit.LaneKind]reach

// reach is how far a lane is read: by polls, and from where history begins.
type reach struct{ tail, history mark }

// mark is up to where time is read, and since when it goes no further: zero while
// it does.
type mark struct {
	read, stuck time.Time
	// since is where the time begins that is read without a hole up to read.
	since time.Time
	// refused says that Snyk will not let it be read.
	refused bool
}

func newFamily() *family { return &family{members: map[string]standing{}} }

// note takes note of how far an organization is.
func (m *family) note(org string, s standing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.members[org] = s
}

// leave says that an organization is no longer read.
func (m *family) leave(org string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.members, org)
}

// wait has the group's waiting begin anew.
func (m *family) wait() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.patient = time.Now()
}

// awaits says that the group waits for what a mark stands for. The caller holds mu.
func (m *family) awaits(at mark) bool {
	if at.stuck.IsZero() {
		return true
	}
	since := time.Since(audit.Later(at.stuck, m.patient))
	switch {
	case !at.refused:
		return since < leaveFailing
	case at.read.IsZero():
		return since < leaveUnread
	}
	return since < leaveRefused
}

// tail and history are up to where the group's log may be taken for its own: by
// polls, and in what lies before.
func (m *family) tail(lane audit.LaneKind) time.Time {
	return m.earliest(func(s standing) mark { return s[lane].tail })
}

func (m *family) history(lane audit.LaneKind) time.Time {
	return m.earliest(func(s standing) mark { return s[lane].history })
}

// since is from when on the polls of all organizations have read.
func (m *family) since(lane audit.LaneKind) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out time.Time
	for _, s := range m.members {
		if at := s[lane].tail; m.awaits(at) {
			out = audit.Later(out, at.since)
		}
	}
	return out
}

func (m *family) earliest(of func(standing) mark) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := forever
	for _, s := range m.members {
		if at := of(s); m.awaits(at) {
			out = audit.Earlier(out, at.read)
		}
	}
	return out
}

// complete says that every organization of the group is being read, so that what
// the group's log shows of one is in that one's log too.
func (m *family) complete(lane audit.LaneKind) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, s := range m.members {
		if id == unlisted || !m.awaits(s[lane].tail) {
			return false
		}
	}
	return m.all
}

// mayShow says whether a record of the group's log may yet be shown by an
// organization that is read.
func (m *family) mayShow(lane audit.LaneKind, o audit.Observed) bool {
	if o.Problem != "" || ofGroupAlone(o.Event) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.members[o.OrgID]; ok && o.OrgID != "" {
		return m.awaits(s[lane].tail)
	}
	if o.OrgID != "" && !m.all {
		return false
	}
	for _, s := range m.members {
		if m.awaits(s[lane].tail) {
			return true
		}
	}
	return false
}

// standing is how far the feed is, for the group that its organization is in.
func (f *feed) standing() standing {
	out := standing{}
	for _, kind := range f.source.Lanes() {
		polls := &f.now
		if kind != audit.LaneDefault && f.now.trouble == nil {
			polls = &f.aside
		}
		frontier := f.state.Ledger(kind).Frontier
		r := reach{tail: polls.mark(), history: polls.mark()}
		if f.past.trouble != nil && polls.trouble == nil {
			r.history = f.past.mark()
		}
		if !frontier.IsZero() {
			r.tail.read = frontier.Add(-f.allowance())
			r.tail.since = f.state.Ledger(kind).Covered.Ending(frontier).Start
		}
		r.history.read = frontier
		if holes := f.state.Holes(kind); len(holes) > 0 {
			r.history.read = holes[0].Start
		}
		out[kind] = r
	}
	return out
}

// allowance is how late an event of the organization is still expected in its own
// log. One that is later yet is found first by whichever log is read first.
func (f *feed) allowance() time.Duration {
	return min(max(2*f.state.Lateness, leastAllowance), f.state.Overlap())
}

// mark says since when there is trouble.
func (p *patience) mark() mark {
	if p.trouble == nil {
		return mark{}
	}
	return mark{stuck: p.trouble.Time, refused: p.refused}
}
