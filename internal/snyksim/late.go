package snyksim

import (
	"slices"
	"time"
)

// AppendLate is Append of records that answers show late: each has a delay of its
// own after its time, from none at all to lateness, evenly spread and dealt out
// by the seed. A single record has all of it.
func (s *Sim) AppendLate(scopeID string, lateness time.Duration, recs ...Record) []RecordID {
	s.mu.Lock()
	defer s.mu.Unlock()
	late, shares := slices.Clone(recs), s.late.Perm(len(recs))
	if len(late) == 1 {
		shares[0] = 1
	}
	for i, share := range shares {
		rec := &late[i]
		if rec.Created.IsZero() {
			rec.Created = s.now()
		}
		rec.VisibleAt = rec.Created.Add(lateness * time.Duration(share) / time.Duration(max(len(late)-1, 1)))
	}
	return s.add(scopeID, false, late)
}
