package collect

import (
	"slices"

	"github.com/snykstream/snykstream/internal/audit"
)

// sieve matches what an answer shows of an instant, one to one, with what is
// stored of it.
type sieve struct {
	feed     audit.Feed
	shown    []candidate
	stored   []slot
	taken    []bool // of stored
	rewrites []string
}

// candidate is a record shown; found says that it is stored.
type candidate struct {
	fresh
	kindOfRecord
	whom  uint64
	found bool
}

func newSieve(feed audit.Feed, shown []audit.Observed, stored []slot) *sieve {
	s := &sieve{feed: feed, stored: stored, shown: make([]candidate, len(shown)), taken: make([]bool, len(stored))}
	var copies occurrences
	for i := range shown {
		o := &shown[i]
		s.shown[i] = candidate{
			fresh: fresh{*o, copies.next(o.Hash, len(shown))}, kindOfRecord: kindOf(feed, o), whom: whomHash(o.UserID, o.ProjectID),
		}
	}
	return s
}

func kindOf(feed audit.Feed, o *audit.Observed) kindOfRecord {
	if o.Problem != "" {
		return kindOfRecord{}
	}
	org := o.OrgID
	if org == "" && feed.Scope == audit.ScopeOrg {
		org = feed.ID
	}
	return kindOfRecord{o.Event, org}
}

// same matches records with the stored events of their ids, and says whether any
// is left.
func (s *sieve) same() (left bool) {
	at := s.byID()
	for i := range s.shown {
		c := &s.shown[i]
		if j := at(c.ID(c.occurrence)); j >= 0 {
			c.found, s.taken[j] = true, true
		} else {
			left = true
		}
	}
	return left
}

// byID finds stored events by their ids, -1 for one that is not there.
func (s *sieve) byID() func(string) int {
	const few = 8
	if len(s.stored) <= few {
		return func(id string) int {
			return slices.IndexFunc(s.stored, func(c slot) bool { return c.id == id })
		}
	}
	at := make(map[string]int, len(s.stored))
	for i := range s.stored {
		at[s.stored[i].id] = i
	}
	return func(id string) int {
		if i, ok := at[id]; ok {
			return i
		}
		return -1
	}
}

// shownElsewhere matches records with events that another log showed of the same
// record: a group's log need not say whose it is. Equal ones are interchangeable,
// so as many match as there are.
func (s *sieve) shownElsewhere() {
	elsewhere := map[uint64][]int{}
	for j := range s.stored {
		if c := &s.stored[j]; !s.taken[j] && !c.own && c.bare != 0 {
			elsewhere[c.bare] = append(elsewhere[c.bare], j)
		}
	}
	if len(elsewhere) == 0 {
		return
	}
	for i := range s.shown {
		c := &s.shown[i]
		if c.found || c.Problem != "" {
			continue
		}
		bare := bareOf(c.Raw)
		for n, j := range elsewhere[bare] {
			if compatible(c.org, s.stored[j].org) {
				c.found, s.taken[j] = true, true
				elsewhere[bare] = slices.Delete(elsewhere[bare], n, n+1)
				break
			}
		}
	}
}

// compatible says that two records may be of one organization.
func compatible(a, b string) bool { return a == b || a == "" || b == "" }

// rewritten matches records with events that tell the same with other content.
// Snyk rewrites old records (a deleted user, a redacted link), and two logs may
// word one event differently; neither must look new. Where an instant shows no
// more records of a kind than are stored, those that are not recognised are such
// ones; where it shows more, nobody can tell which, and none is taken for one: a
// loss would be worse.
//
// Of what another log showed, all but the content must agree when time is read
// for the first time, but for a user who is gone: only what was there before can
// have been rewritten since. A record that does not tell its organization is taken
// for one that another log showed only where every organization is read: else it
// may be that of one that is not.
func (s *sieve) rewritten(again, complete bool) {
	named := func(c *slot) bool { return c.own || c.org != "" }
	userless := func(c *candidate) bool { return c.UserID == "" }
	s.settle(kind{org: true, whom: true}, anyRecord, named)
	s.settle(kind{org: true}, anyRecord, func(c *slot) bool { return c.own || c.org != "" && again })
	s.settle(kind{org: true}, userless, named)
	if !complete {
		return
	}
	if s.feed.Scope == audit.ScopeOrg {
		whose := func(c *slot) bool { return !c.own && c.org == "" }
		s.settle(kind{whom: true, all: true}, anyRecord, whose)
		s.settle(kind{all: true}, userless, whose)
		return
	}
	nameless := func(c *candidate) bool { return c.org == "" }
	s.settle(kind{whom: true, all: true}, nameless, anySlot)
	if again {
		s.settle(kind{}, nameless, anySlot)
	}
}

func anyRecord(*candidate) bool { return true }
func anySlot(*slot) bool        { return true }

// kind says what records of one kind have in common beside their name. all asks for
// as many as are stored, no fewer: what is only alike must be alike to the last.
type kind struct{ org, whom, all bool }

// settle matches all eligible records of a kind where no more are shown than
// stored.
func (s *sieve) settle(by kind, eligible func(*candidate) bool, against func(*slot) bool) {
	type key struct {
		kindOfRecord
		whom uint64
	}
	of := func(k kindOfRecord, whom uint64) key {
		out := key{kindOfRecord{name: k.name}, 0}
		if by.org {
			out.org = k.org
		}
		if by.whom {
			out.whom = whom
		}
		return out
	}
	stored, shown := map[key][]int{}, map[key][]int{}
	for j := range s.stored {
		if c := &s.stored[j]; !s.taken[j] && against(c) {
			stored[of(c.kindOfRecord, c.whom)] = append(stored[of(c.kindOfRecord, c.whom)], j)
		}
	}
	for i := range s.shown {
		if c := &s.shown[i]; !c.found && eligible(c) {
			shown[of(c.kindOfRecord, c.whom)] = append(shown[of(c.kindOfRecord, c.whom)], i)
		}
	}
	for k, candidates := range shown {
		if len(candidates) > len(stored[k]) || by.all && len(candidates) < len(stored[k]) {
			continue
		}
		for n, i := range candidates {
			j := stored[k][n]
			s.shown[i].found, s.taken[j] = true, true
			if s.stored[j].own {
				s.rewrites = append(s.rewrites, s.stored[j].id)
			}
		}
	}
}

// appendLeft appends the records that were not found.
func (s *sieve) appendLeft(to []fresh) []fresh {
	for i := range s.shown {
		if !s.shown[i].found {
			to = append(to, s.shown[i].fresh)
		}
	}
	return to
}
