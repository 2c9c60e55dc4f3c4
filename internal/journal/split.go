package journal

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// checkPage refuses a page that would break what readers are promised. Such a
// page is a programming error, and must never be stored.
func checkPage(page *audit.Page) error {
	if err := checkFeed(page.SourceID, page.Feed); err != nil {
		return err
	}
	sequence := page.Before.LastSequence
	for i, r := range page.Records {
		sequence++
		switch e := r.Event; {
		case e == nil:
			return fmt.Errorf("record %d has no event", i)
		case e.GetSequence() != sequence:
			return fmt.Errorf("record %d has sequence %d, want %d: the feed's ordinals must be dense", i, e.GetSequence(), sequence)
		case e.GetSourceId() != page.SourceID, e.GetFeed() != page.Feed.String():
			return fmt.Errorf("record %d belongs to %s of %s, the page to %s of %s", i, e.GetFeed(), e.GetSourceId(), page.Feed, page.SourceID)
		}
	}
	if page.State.LastSequence != sequence {
		return fmt.Errorf("the state's last sequence is %d, that of the records %d", page.State.LastSequence, sequence)
	}
	return nil
}

// split makes the entries of a page: one, unless that would be too large. Only
// the last one carries the page's state and gaps: what they say is true when all
// of the page is stored.
func (l limits) split(page *audit.Page) ([]part, error) {
	room := l.entry - l.fixed(page)
	var parts []part
	current, size := part{}, 0
	for _, r := range page.Records {
		encoded, err := l.encodeRecord(r)
		if err != nil {
			return nil, err
		}
		if size+encoded.size() > room && len(current.records) > 0 {
			parts = append(parts, current)
			current, size = part{}, 0
		}
		if encoded.size() > room {
			return nil, fmt.Errorf("event %s takes %d bytes, the entry has room for %d", encoded.id, encoded.size(), room)
		}
		current.records = append(current.records, encoded)
		size += encoded.size()
	}
	parts = append(parts, current)
	l.giveStates(parts, page)
	return parts, nil
}

// fixed is what an entry holds beside its records.
func (l limits) fixed(page *audit.Page) int {
	return proto.Size(&stored.Entry{State: storeState(&page.State), Gaps: page.Gaps}) +
		proto.Size(&stored.Entry{State: storeState(&page.Before)})
}

// giveStates gives the parts their states: the last one the page's, those before
// it what was true before the page, with the events counted.
func (l limits) giveStates(parts []part, page *audit.Page) {
	before := page.Before.Clone()
	for i := range parts {
		before.LastSequence += uint64(len(parts[i].records))
		if _, last, ok := parts[i].span(); ok && last.After(before.LastEventTime) {
			before.LastEventTime = last
		}
		parts[i].state = before
	}
	end := &parts[len(parts)-1]
	end.state, end.gaps = page.State, page.Gaps
}

// stamp gives the page's events their ingest time.
func stamp(page *audit.Page, now *timestamppb.Timestamp) {
	for _, r := range page.Records {
		r.Event.IngestTime = now
	}
}
