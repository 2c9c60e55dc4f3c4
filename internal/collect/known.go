package collect

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// known tells which records are stored already. It holds the stored events of
// some ranges of event time, rebuilt from the journal on demand: the journal is
// the only memory of what is stored.
//
// A feed knows its own events, and those of its source's other feeds that it may
// be shown as well: a group those of the organizations, an organization those
// that the group's log had of it.
type known struct {
	feed audit.Feed

	mu sync.Mutex // guards what follows: other feeds' pages are learned too
	// ranges are complete; scanning is being completed.
	ranges   audit.Intervals
	scanning audit.Intervals
	// at are the stored events by event time, in nanoseconds; count is their number,
	// scanned that of those that the scan under way brought.
	at             map[int64][]slot
	count, scanned int
	// kept is count when it was last seen to that nothing is known in vain.
	kept int
	// most bounds what a scan may bring.
	most int
}

// mostKnown is how many stored events a feed may take into memory at once: a
// longer range is read piece by piece.
const mostKnown = 200_000

// unplaced is where records without a readable time are kept: an instant that no
// record can have.
const unplaced = math.MinInt64

// slot is one stored event of an instant.
type slot struct {
	id string
	// own says that it is of the feed itself.
	own bool
	kindOfRecord
	// whom stands for its user and project, bare for what it says apart from
	// organization and group; bare is 0 where that is not needed or not known.
	whom, bare uint64
}

// kindOfRecord is what a rewrite of a record leaves as it was.
type kindOfRecord struct{ name, org string }

func newKnown(feed audit.Feed) *known {
	return &known{feed: feed, at: map[int64][]slot{}, most: mostKnown}
}

// scanner calls fn for the stored events that a feed may be shown, stored at or
// after since.
type scanner func(ctx context.Context, since time.Time, fn func(audit.StoredEvent) error) error

// lacks says whether something of the range is not known.
func (k *known) lacks(want audit.Interval) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.ranges.Missing(want)) > 0
}

// ensure makes known complete for the range, or for as much of it from its start
// as memory allows, and says up to where. margin is how much earlier than its
// event time an event may have been stored, since Snyk's clock may lead ours.
func (k *known) ensure(ctx context.Context, want audit.Interval, margin time.Duration, scan scanner) (time.Time, error) {
	since, missing := k.begin(want)
	if !missing {
		return want.End, nil
	}
	err := scan(ctx, since.Add(-margin), func(ev audit.StoredEvent) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		before := k.count
		k.put(&ev)
		if k.scanned += k.count - before; k.scanned > k.most {
			want.End = k.shorten(want)
		}
		return nil
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.scanning = nil
	if err != nil {
		// A part of the scan may be in: forget the range, not the part, since put
		// is the same twice.
		return time.Time{}, err
	}
	k.ranges = k.ranges.Add(want)
	return want.End, nil
}

// begin opens what is missing of a range, so that what is stored while it is
// scanned is not missed, and says where it starts.
func (k *known) begin(want audit.Interval) (since time.Time, missing bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.scanning, k.scanned = k.ranges.Missing(want), 0
	if len(k.scanning) == 0 {
		return time.Time{}, false
	}
	return k.scanning[0].Start, true
}

// shorten gives up the later half of the events being scanned, and says where the
// range that is left ends. What lies in one instant stays together.
func (k *known) shorten(want audit.Interval) time.Time {
	var instants []int64
	for instant := range k.at {
		if instant != unplaced && k.scanning.Contains(time.Unix(0, instant)) {
			instants = append(instants, instant)
		}
	}
	slices.Sort(instants)
	if len(instants) < 2 {
		return want.End
	}
	end := time.Unix(0, instants[len(instants)/2]).UTC()
	gone := audit.Interval{Start: end, End: forever}
	k.scanning = k.scanning.Without(gone)
	for _, instant := range instants[len(instants)/2:] {
		k.scanned -= len(k.at[instant])
		k.drop(instant)
	}
	return audit.Earlier(want.End, end)
}

func (k *known) drop(instant int64) {
	k.count -= len(k.at[instant])
	delete(k.at, instant)
}

// learn enters the events of a page that was just stored.
func (k *known) learn(page *audit.Page) {
	if page.Feed != k.feed && page.Feed.Scope == k.feed.Scope {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range page.Records {
		ev := audit.Stored(r)
		k.put(&ev)
	}
}

// concerns says whether the feed may be shown the record of a stored event.
func (k *known) concerns(ev *audit.StoredEvent) bool {
	switch {
	case ev.Feed == k.feed:
		return true
	case ev.Feed.Scope == k.feed.Scope, ev.Name == "":
		return false
	case k.feed.Scope == audit.ScopeOrg:
		return ev.OrgID == k.feed.ID || ev.OrgID == "" && !ofGroupAlone(ev.Name)
	}
	return true
}

// ofGroupAlone says that events of a name happen to the group itself: no
// organization's log shows them.
func ofGroupAlone(name string) bool { return strings.HasPrefix(name, "group.") }

// put enters a stored event, once. The caller holds mu.
func (k *known) put(ev *audit.StoredEvent) {
	instant := int64(unplaced)
	if !ev.EventTime.IsZero() {
		if !k.ranges.Contains(ev.EventTime) && !k.scanning.Contains(ev.EventTime) {
			return
		}
		instant = ev.EventTime.UnixNano()
	}
	if !k.concerns(ev) {
		return
	}
	for i := range k.at[instant] {
		if k.at[instant][i].id == ev.ID {
			return
		}
	}
	s := slot{
		id: ev.ID, own: ev.Feed == k.feed,
		kindOfRecord: kindOfRecord{ev.Name, ev.OrgID}, whom: whomHash(ev.UserID, ev.ProjectID),
	}
	if !s.own {
		s.bare = bareOf(ev.Raw)
	}
	k.at[instant] = append(k.at[instant], s)
	k.count++
}

// keep forgets everything outside the ranges.
func (k *known) keep(ranges audit.Intervals) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ranges = k.ranges.And(ranges)
	for instant := range k.at {
		if instant != unplaced && !k.ranges.Contains(time.Unix(0, instant)) {
			k.drop(instant)
		}
	}
	k.kept = k.count
}

// grown says that much was learned since it was last seen to that nothing is known
// in vain: history may be read faster than time passes.
func (k *known) grown() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count-k.kept > k.most/8+k.kept
}

// crowded says that there is little room left.
func (k *known) crowded() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count >= k.most
}

// stored are the stored events of an instant, not to be changed.
func (k *known) stored(instant int64) []slot {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.at[instant]
}

var seed = maphash.MakeSeed()

func whomHash(user, project string) uint64 {
	return maphash.Comparable(seed, [2]string{user, project})
}

// bareOf is what identifies a record apart from whose it is; 0: not known.
func bareOf(raw []byte) uint64 {
	hash, ok := audit.BareHash(raw)
	if !ok {
		return 0
	}
	return binary.BigEndian.Uint64(hash[:])
}
