package wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrDamaged says that bytes are no encoding of what they should be.
var ErrDamaged = errors.New("the encoding is cut or damaged")

// damaged is ErrDamaged with what protowire says by a size.
func damaged(size int) error {
	if size == 0 {
		return ErrDamaged
	}
	return fmt.Errorf("%w: %w", ErrDamaged, protowire.ParseError(size))
}

// field is one field of an encoded message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	// bytes are the value of a field of bytes; they share memory with the message.
	bytes []byte
	// varint is the value of a number.
	varint uint64
}

// readField reads the first field. A negative size is protowire's error.
func readField(data []byte) (f field, size int) {
	var tag int
	if f.number, f.kind, tag = readTag(data); tag < 0 {
		return field{}, tag
	}
	rest := data[tag:]
	switch f.kind {
	case protowire.BytesType:
		f.bytes, size = readBytes(rest)
	case protowire.VarintType:
		f.varint, size = protowire.ConsumeVarint(rest)
	default:
		size = protowire.ConsumeFieldValue(f.number, f.kind, rest)
	}
	if size < 0 {
		return field{}, size
	}
	return f, tag + size
}

// readTag is protowire's, with a short way for the numbers below 16, which most
// fields have.
func readTag(data []byte) (protowire.Number, protowire.Type, int) {
	if len(data) > 0 && data[0] < 0x80 && data[0] >= 0x08 {
		return protowire.Number(data[0] >> 3), protowire.Type(data[0] & 7), 1
	}
	return protowire.ConsumeTag(data)
}

// readBytes is protowire's, with a short way for lengths of one byte.
func readBytes(data []byte) ([]byte, int) {
	if len(data) > 0 && data[0] < 0x80 {
		if end := 1 + int(data[0]); end <= len(data) {
			return data[1:end], end
		}
	}
	return protowire.ConsumeBytes(data)
}
