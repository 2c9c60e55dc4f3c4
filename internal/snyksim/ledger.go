package snyksim

import (
	"slices"
	"strings"
	"time"
)

// Emitted is a record as the ledger knows it.
type Emitted struct {
	ID      RecordID
	Created time.Time
	Event   string
	// CopyOf is the organization's record that this one of a group's log shows; zero
	// means that it is the log's own.
	CopyOf RecordID
	// Raw is what answers show, byte for byte.
	Raw string
	// Former are the bytes before each rewrite, oldest first.
	Former []string
	// VisibleAt is zero where the record was visible at once.
	VisibleAt, Expires time.Time
	// ShownAt is when an answer first held the record; zero means never yet.
	ShownAt time.Time
	// Removed is when the record was taken away; zero means it is there.
	Removed time.Time
}

// Append adds records to the log of a group or organization, each at the end of
// its instant, and returns their handles. Times in the past are late arrivals.
func (s *Sim) Append(scopeID string, recs ...Record) []RecordID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(scopeID, false, recs)
}

// Prepend is Append that puts each record at the front of its instant, before
// the ones that may have been shown already.
func (s *Sim) Prepend(scopeID string, recs ...Record) []RecordID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(scopeID, true, recs)
}

func (s *Sim) add(scopeID string, front bool, recs []Record) []RecordID {
	log := s.mustScope(scopeID)
	now := s.now()
	org, _ := s.world.org(scopeID)
	ids := make([]RecordID, len(recs))
	own := make([]*entry, 0, len(recs))
	var copies []*entry
	for i := range recs {
		if front { // places fall, so the last goes in first and the order stays
			i = len(recs) - 1 - i
		}
		rec := recs[i].settle(now, s.cfg.History)
		e := s.newEntry(log, scopeID, rec, front)
		own = append(own, e)
		ids[i] = e.id
		if org.GroupID != "" && rec.Group != NotInGroup {
			e.twin = s.groupCopy(e, org, front)
			copies = append(copies, e.twin)
		}
	}
	log.insert(own)
	if len(copies) > 0 {
		s.mustScope(org.GroupID).insert(copies)
	}
	return ids
}

// groupCopy is how the group's log shows a record of one of its organizations.
func (s *Sim) groupCopy(e *entry, org Org, front bool) *entry {
	rec := e.rec
	rec.OrgID, rec.GroupID = org.ID, ""
	if rec.Group == InGroupWithoutOrg {
		rec.OrgID = ""
	}
	rec.Content = or(rec.GroupContent, rec.Content)
	if !rec.GroupVisibleAt.IsZero() {
		rec.VisibleAt = rec.GroupVisibleAt
	}
	out := s.newEntry(s.mustScope(org.GroupID), org.GroupID, rec, front)
	out.copyOf = e.id
	return out
}

func (s *Sim) newEntry(log *auditLog, scopeID string, rec Record, front bool) *entry {
	if !rec.Bare {
		if _, isGroup := s.world.group(scopeID); isGroup {
			rec.GroupID = or(rec.GroupID, scopeID)
		} else {
			rec.OrgID = or(rec.OrgID, scopeID)
		}
	}
	s.lastID++
	e := &entry{id: s.lastID, created: rec.Created, ord: log.nextOrd(front), log: log, rec: rec, raw: rec.render()}
	e.rec.shareWith(e.raw)
	s.entries[e.id] = e
	return e
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Rewrite changes a record where it stands, as Snyk does when a user is deleted
// or a link is redacted; its copy in the group's log changes too. Its time, and
// so its place, stays. It reports whether the record was there.
func (s *Sim) Rewrite(id RecordID, change func(*Record)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rewrite(id, func(e *entry) string {
		created := e.rec.Created
		change(&e.rec)
		e.rec.Created = created
		return e.rec.render()
	})
}

// Redact is Rewrite that replaces text in the bytes shown.
func (s *Sim) Redact(id RecordID, old, replacement string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rewrite(id, func(e *entry) string {
		e.rec.Raw = strings.ReplaceAll(e.raw, old, replacement)
		return e.rec.Raw
	})
}

func (s *Sim) rewrite(id RecordID, render func(*entry) string) bool {
	e, ok := s.entries[id]
	if !ok || !e.removed.IsZero() {
		return false
	}
	for _, v := range []*entry{e, e.twin} {
		if v == nil {
			continue
		}
		before := v.raw
		v.raw = render(v)
		v.former = append(v.former, before)
	}
	return true
}

// Remove takes a record away, in the group's log too; the ledger keeps it. It
// reports whether the record was there.
func (s *Sim) Remove(id RecordID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[id]
	if !ok || !e.removed.IsZero() {
		return false
	}
	for _, v := range []*entry{e, e.twin} {
		if v != nil {
			v.removed = s.now()
			v.log.remove(v)
		}
	}
	return true
}

// Emitted is the ledger of a group's or organization's log, removed records
// included, in the order of (created, place in the instant).
func (s *Sim) Emitted(scopeID string) []Emitted {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.mustScope(scopeID)
	all := slices.Concat(log.sorted, log.gone)
	slices.SortFunc(all, compareEntries)
	out := make([]Emitted, len(all))
	for i, e := range all {
		out[i] = Emitted{
			ID: e.id, Created: e.created, Event: e.rec.Event, CopyOf: e.copyOf, Raw: e.raw, Former: slices.Clone(e.former),
			VisibleAt: e.rec.VisibleAt, Expires: e.rec.Expires, ShownAt: e.shownAt, Removed: e.removed,
		}
	}
	return out
}
