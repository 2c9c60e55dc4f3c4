package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// AppendEvent appends an event to an entry, or to a message of a stream, with fields
// added at its end: the last one of a number is the one that counts.
func AppendEvent(message []byte, event Event, added []byte) []byte {
	message = protowire.AppendTag(message, entryEvents, protowire.BytesType)
	message = protowire.AppendVarint(message, uint64(len(event)+len(added)))
	return append(append(message, event...), added...)
}

// AppendRaw appends raw_json, or raw_bytes where the bytes are no UTF-8.
func AppendRaw(fields, raw []byte) []byte {
	number := eventRawJSON
	if !utf8.Valid(raw) {
		number = eventRawBytes
	}
	return protowire.AppendBytes(protowire.AppendTag(fields, number, protowire.BytesType), raw)
}

// AppendTruncated appends truncated.
func AppendTruncated(fields []byte) []byte {
	return protowire.AppendVarint(protowire.AppendTag(fields, eventTruncated, protowire.VarintType), 1)
}
