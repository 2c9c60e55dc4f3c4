package wire

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"
)

// maxUnpacked bounds what packed raw bytes may unpack to: an entry holds less.
const maxUnpacked = 64 << 20

// Raws are the raw bytes of a section's events.
type Raws struct {
	data []byte
	// ends is where the fields end in data.
	ends []int32
}

// Raws are the events' bytes as Snyk sent them. The error is ErrDamaged's.
func (s Section) Raws() (Raws, error) {
	r := Raws{data: s.raws}
	if s.packed {
		size, err := s2.DecodedLen(s.raws)
		if err != nil {
			return Raws{}, fmt.Errorf("%w: raw bytes: %w", ErrDamaged, err)
		}
		if size > maxUnpacked {
			return Raws{}, fmt.Errorf("%w: raw bytes that unpack to %d", ErrDamaged, size)
		}
		if r.data, err = s2.Decode(make([]byte, 0, size), s.raws); err != nil {
			return Raws{}, fmt.Errorf("%w: raw bytes: %w", ErrDamaged, err)
		}
	}
	var err error
	if r.ends, err = walk(make([]int32, 0, s.Len()), r.data, 0, entryRaw); err != nil {
		return Raws{}, err
	}
	if end := endOf(r.ends, 0); end != len(r.data) {
		return Raws{}, fmt.Errorf("%w: %d bytes after the raw records", ErrDamaged, len(r.data)-end)
	}
	return r, s.matches(len(r.ends))
}

// At are the bytes of the event at an index, empty where the entry does not hold
// them beside it.
func (r Raws) At(i int) []byte { return value(r.data, r.ends, i) }

// AppendRaws appends to an entry, after its events, the bytes of each as Snyk sent
// them: packed, where that is shorter.
func AppendRaws(entry []byte, raws [][]byte) []byte {
	space, _ := scratches.Get().(*scratch)
	defer scratches.Put(space)
	fields := space.fields[:0]
	for _, raw := range raws {
		fields = protowire.AppendBytes(protowire.AppendTag(fields, entryRaw, protowire.BytesType), raw)
	}
	space.fields = fields
	space.packed = s2.Encode(space.packed[:cap(space.packed)], fields)
	if len(space.packed) < len(fields) && len(fields) <= maxUnpacked {
		return protowire.AppendBytes(protowire.AppendTag(entry, entryPackedRaw, protowire.BytesType), space.packed)
	}
	return append(entry, fields...)
}

// scratch is memory that packing needs for a moment: fresh memory is what packing
// would cost most for.
type scratch struct{ fields, packed []byte }

var scratches = sync.Pool{New: func() any { return &scratch{} }}
