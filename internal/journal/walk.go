package journal

import (
	"errors"
	"fmt"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of an encoded message.
type field struct {
	number protowire.Number
	// bytes are the value of a field of bytes; they share memory with the message.
	bytes []byte
	// varint is the value of a number.
	varint uint64
}

// errCut says that an encoded message ends within a field, or is none.
var errCut = errors.New("the encoding is cut or damaged")

// fields walks over the fields of an encoded message without decoding what they
// hold. After an error there is nothing more.
func fields(data []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(data) > 0 {
			f, size := readField(data)
			if size < 0 {
				yield(field{}, fmt.Errorf("%w: %w", errCut, protowire.ParseError(size)))
				return
			}
			data = data[size:]
			if !yield(f, nil) {
				return
			}
		}
	}
}

// readField reads the first field. A negative size is protowire's error.
func readField(data []byte) (f field, size int) {
	number, kind, tag := protowire.ConsumeTag(data)
	if tag < 0 {
		return field{}, tag
	}
	f.number = number
	rest := data[tag:]
	switch kind {
	case protowire.BytesType:
		f.bytes, size = protowire.ConsumeBytes(rest)
	case protowire.VarintType:
		f.varint, size = protowire.ConsumeVarint(rest)
	default:
		size = protowire.ConsumeFieldValue(number, kind, rest)
	}
	if size < 0 {
		return field{}, size
	}
	return f, tag + size
}
