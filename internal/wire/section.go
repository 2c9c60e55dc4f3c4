package wire

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of a journal's entry: first its events, numbered as in
// StreamEventsResponse, then the bytes of each as Snyk sent them, as they are or
// packed.
const (
	entryEvents    protowire.Number = 1
	entryRaw       protowire.Number = 2
	entryPackedRaw protowire.Number = 7
)

// Section is the events of a journal's entry as they lie there. It never changes,
// and may be read from several goroutines.
type Section struct {
	data []byte
	// ends is where the events' fields end in data.
	ends []int32
	// raws are the fields that hold the events' raw bytes, packed if packed says so.
	raws   []byte
	packed bool
}

// Cut takes the events and their raw bytes off an encoded entry. What is left is
// the entry's other fields. The error is ErrDamaged's. expect is how many events
// there may be: it saves work, no more.
func Cut(entry []byte, expect int) (s Section, rest []byte, err error) {
	if len(entry) > math.MaxInt32 {
		return Section{}, nil, fmt.Errorf("%w: %d bytes are too many", ErrDamaged, len(entry))
	}
	// An event has two bytes at least.
	ends, err := walk(make([]int32, 0, min(max(expect, 0), len(entry)/2)), entry, 0, entryEvents)
	if err != nil {
		return Section{}, nil, err
	}
	at := endOf(ends, 0)
	s = Section{data: entry[:at:at], ends: ends}
	if at < len(entry) && entry[at] == tagOf(entryPackedRaw) {
		value, size := readBytes(entry[at+1:])
		if size < 0 {
			return Section{}, nil, damaged(size)
		}
		s.raws, s.packed = value, true
		return s, entry[at+1+size:], nil
	}
	raws, err := walk(make([]int32, 0, len(ends)), entry, at, entryRaw)
	if err == nil {
		err = s.matches(len(raws))
	}
	if err != nil {
		return Section{}, nil, err
	}
	end := endOf(raws, at)
	s.raws = entry[at:end:end]
	return s, entry[end:], nil
}

// matches is an error where there is not one raw record to each event.
func (s Section) matches(raws int) error {
	if raws != s.Len() {
		return fmt.Errorf("%w: %d events, %d raw records", ErrDamaged, s.Len(), raws)
	}
	return nil
}

// walk notes where the fields of a number end that follow each other at a place.
func walk(ends []int32, entry []byte, at int, number protowire.Number) ([]int32, error) {
	tag := tagOf(number)
	for at < len(entry) && entry[at] == tag {
		_, size := readBytes(entry[at+1:])
		if size < 0 {
			return nil, damaged(size)
		}
		at += 1 + size
		ends = append(ends, int32(at)) //nolint:gosec // bounded by the callers
	}
	return ends, nil
}

// tagOf is how a field of bytes begins.
func tagOf(number protowire.Number) byte {
	return byte(protowire.EncodeTag(number, protowire.BytesType)) //nolint:gosec // all are below 16
}

// endOf is the last of ends, or where there are none the start.
func endOf(ends []int32, start int) int {
	if len(ends) == 0 {
		return start
	}
	return int(ends[len(ends)-1])
}

// Len is the number of events.
func (s Section) Len() int { return len(s.ends) }

// Fields are the events from one index up to another, each as a field of
// StreamEventsResponse: together they are the bytes of a message with those
// events.
func (s Section) Fields(from, to int) []byte { return s.data[start(s.ends, from):start(s.ends, to)] }

// Size is how many bytes the event takes as a field.
func (s Section) Size(i int) int { return start(s.ends, i+1) - start(s.ends, i) }

// Held is how many bytes stay in memory as long as any of them is in use.
func (s Section) Held() int { return len(s.data) }

// Event is the event at an index.
func (s Section) Event(i int) Event { return value(s.data, s.ends, i) }

// start is where the field at an index of ends begins.
func start(ends []int32, i int) int { return endOf(ends[:i], 0) }

// value is that of the field at an index of ends.
func value(data []byte, ends []int32, i int) []byte {
	v, _ := readBytes(data[start(ends, i)+1 : ends[i]])
	return v
}
