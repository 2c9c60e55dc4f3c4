package wire

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of a journal's entry: first its events, numbered as in
// StreamEventsResponse, then the bytes of each as Snyk sent them.
const (
	entryEvents protowire.Number = 1
	entryRaw    protowire.Number = 2
)

// Section is the events of a journal's entry as they lie there, each with its raw
// bytes. It never changes, and may be read from several goroutines.
type Section struct {
	data []byte
	// ends is where the events' fields end in data, and then those of their raw
	// bytes.
	ends []int32
}

// Cut takes the events and their raw bytes off an encoded entry. What is left is
// the entry's other fields. The error is ErrDamaged's. expect is how many events
// there may be: it saves work, no more.
func Cut(entry []byte, expect int) (s Section, rest []byte, err error) {
	if len(entry) > math.MaxInt32 {
		return Section{}, nil, fmt.Errorf("%w: %d bytes are too many", ErrDamaged, len(entry))
	}
	// An event and its raw bytes have two bytes each at least.
	ends := make([]int32, 0, 2*min(max(expect, 0), len(entry)/4))
	ends, at, err := walk(ends, entry, 0, entryEvents)
	if err != nil {
		return Section{}, nil, err
	}
	events := len(ends)
	if ends, at, err = walk(ends, entry, at, entryRaw); err != nil {
		return Section{}, nil, err
	}
	if raws := len(ends) - events; raws != events {
		return Section{}, nil, fmt.Errorf("%w: %d events, %d raw records", ErrDamaged, events, raws)
	}
	return Section{data: entry[:at:at], ends: ends}, entry[at:], nil
}

// walk notes where the fields of a number end that follow each other at a place,
// and returns where the last one does.
func walk(ends []int32, entry []byte, at int, number protowire.Number) ([]int32, int, error) {
	tag := byte(protowire.EncodeTag(number, protowire.BytesType)) //nolint:gosec // both are below 16
	for at < len(entry) && entry[at] == tag {
		_, size := readBytes(entry[at+1:])
		if size < 0 {
			return nil, 0, damaged(size)
		}
		at += 1 + size
		ends = append(ends, int32(at)) //nolint:gosec // bounded by Cut
	}
	return ends, at, nil
}

// Len is the number of events.
func (s Section) Len() int { return len(s.ends) / 2 }

// Fields are the events from one index up to another, each as a field of
// StreamEventsResponse: together they are the bytes of a message with those
// events.
func (s Section) Fields(from, to int) []byte { return s.data[s.start(from):s.start(to)] }

// Size is how many bytes the event takes as a field.
func (s Section) Size(i int) int { return s.start(i+1) - s.start(i) }

// Event is the event at an index.
func (s Section) Event(i int) Event { return s.value(i) }

// Raw are the event's bytes as Snyk sent them, empty where the entry does not hold
// them beside it.
func (s Section) Raw(i int) []byte { return s.value(s.Len() + i) }

// start is where the field at an index of ends begins.
func (s Section) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(s.ends[i-1])
}

func (s Section) value(i int) []byte {
	value, _ := readBytes(s.data[s.start(i)+1 : s.ends[i]])
	return value
}
