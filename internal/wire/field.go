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

// Field is one field of an encoded message.
type Field struct {
	Number protowire.Number
	Kind   protowire.Type
	// Bytes are the value of a field of bytes; they share memory with the message.
	Bytes []byte
	// Bits are the value of a number: of a varint, or of a fixed64.
	Bits uint64
}

// Next reads the first field of an encoded message, which is not empty, and returns
// what is left of it. The error is ErrDamaged's.
func Next(data []byte) (f Field, rest []byte, err error) {
	f, size := readField(data)
	if size <= 0 {
		return Field{}, nil, damaged(size)
	}
	return f, data[size:], nil
}

// readField reads the first field. A negative size is protowire's error.
func readField(data []byte) (f Field, size int) {
	var tag int
	if f.Number, f.Kind, tag = readTag(data); tag < 0 {
		return Field{}, tag
	}
	rest := data[tag:]
	switch f.Kind {
	case protowire.BytesType:
		f.Bytes, size = readBytes(rest)
	case protowire.VarintType:
		f.Bits, size = readVarint(rest)
	case protowire.Fixed64Type:
		f.Bits, size = protowire.ConsumeFixed64(rest)
	default:
		size = protowire.ConsumeFieldValue(f.Number, f.Kind, rest)
	}
	if size < 0 {
		return Field{}, size
	}
	return f, tag + size
}

// readTag is protowire's, with short ways for tags of one byte and of two.
func readTag(data []byte) (protowire.Number, protowire.Type, int) {
	if len(data) > 1 {
		first, second := data[0], data[1]
		if first < 0x80 && first >= 0x08 {
			return protowire.Number(first >> 3), protowire.Type(first & 7), 1
		}
		if first >= 0x80 && second < 0x80 && second > 0 {
			return protowire.Number(first>>3&0x0f) | protowire.Number(second)<<4, protowire.Type(first & 7), 2
		}
	}
	return protowire.ConsumeTag(data)
}

// readVarint is protowire's, with a short way for numbers of one byte.
func readVarint(data []byte) (uint64, int) {
	if len(data) > 0 && data[0] < 0x80 {
		return uint64(data[0]), 1
	}
	return protowire.ConsumeVarint(data)
}

// readBytes is protowire's, with short ways for lengths of one byte and of two.
func readBytes(data []byte) ([]byte, int) {
	if len(data) > 1 {
		start, length := 1, int(data[0])
		if length >= 0x80 && data[1] < 0x80 {
			start, length = 2, length&0x7f|int(data[1])<<7
		}
		if end := start + length; length < 0x4000 && end <= len(data) && (start == 2 || data[0] < 0x80) {
			return data[start:end], end
		}
	}
	return protowire.ConsumeBytes(data)
}
