package grpcapi

import (
	"fmt"

	"github.com/snykstream/snykstream/internal/wire"
)

// maxRawEvent bounds an event with its raw bytes: a message with it stays under the
// 4 MiB that clients take by default, with room to spare.
const maxRawEvent = 7 << 19

// consider walks through the entry in hand until it is done or the batch is full.
// The entry's gaps belong to its end: a position after its last event is after them
// too. An error is about the next event: what came before it is gathered.
func (s *eventStream) consider() error {
	entry, next := s.entry, s.next
	if s.ask.raw {
		raws, err := entry.Events.Raws()
		if err != nil {
			return fmt.Errorf("reading entry %d: %w", entry.Sequence, err)
		}
		s.raws = raws
	}
	end := max(entry.Events.Len(), 1) // an entry without events has an end all the same
	var err error
	for next < end && !s.batch.full {
		var found picked
		if next < entry.Events.Len() {
			if found, err = s.pick(entry.Events, next); err != nil {
				break
			}
		}
		if next+1 == end {
			found.gaps = entry.Gaps
		}
		if !s.batch.add(entry.Events, next, found) {
			break
		}
		next++
	}
	if next == s.next && next < end {
		return err // After(0) would be after an entry without events
	}
	if moved := s.moveTo(next); err == nil {
		err = moved
	}
	if next == end {
		s.finishEntry()
	}
	return err
}

// moveTo moves the position to after n of the entry's events. An entry without an
// anchor, such as one that is lost, leaves the position's anchor as it was.
func (s *eventStream) moveTo(n int) error {
	at := s.entry.After(n)
	if len(at.Anchor) == 0 {
		at.AnchorSequence, at.Anchor = s.pos.AnchorSequence, s.pos.Anchor
	}
	from := s.next
	s.pos, s.next = at, n
	if n = min(n, s.entry.Events.Len()); n <= from {
		return nil
	}
	s.pulse.events += uint64(n - from) //nolint:gosec // n is larger
	var last wire.Facts
	if err := s.entry.Events.Event(n - 1).Facts(&last); err != nil {
		return fmt.Errorf("reading event %d of entry %d: %w", n-1, s.entry.Sequence, err)
	}
	s.met.last = last.Sequence
	return nil
}

func (s *eventStream) finishEntry() {
	s.met.passEntry(s.entry)
	s.pulse.entries++
	s.batch.leave()
	s.entry, s.met = nil, nil
}

// pick says how an event is sent, if at all.
func (s *eventStream) pick(events wire.Section, i int) (picked, error) {
	if !s.ask.plan.All() {
		passes, err := s.matcher.Match(events.Event(i))
		if err != nil || !passes {
			return picked{}, err
		}
	}
	if !s.ask.raw {
		return picked{size: events.Size(i)}, nil
	}
	return withRaw(events, i, s.raws.At(i))
}

// withRaw is an event with its raw bytes, or marked as truncated where they are too
// many for a message, or were to be stored. An event that could not be read carries
// them itself.
func withRaw(events wire.Section, i int, raw []byte) (picked, error) {
	event := events.Event(i)
	var facts wire.Facts
	if err := event.Facts(&facts); err != nil {
		return picked{}, fmt.Errorf("reading an event: %w", err)
	}
	if len(raw) == 0 && len(facts.Raw) > 0 {
		return picked{size: events.Size(i)}, nil
	}
	var added []byte
	if len(raw) == 0 || len(raw)+len(event) > maxRawEvent {
		added = wire.AppendTruncated(nil)
	} else {
		added = wire.AppendRaw(make([]byte, 0, len(raw)+16), raw)
	}
	made := wire.AppendEvent(make([]byte, 0, len(event)+len(added)+16), event, added)
	return picked{size: len(made), made: made}, nil
}
