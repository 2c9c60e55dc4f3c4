package audit

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/snykstream/snykstream/internal/wire"
)

// maxContentLevels bounds the nesting of a Struct. Each level is up to three
// messages deep on the wire, and readers in other languages stop at 100.
const maxContentLevels = 24

// encodeContent is content as callers get it, as an encoded Struct: see
// GroupAudit.content. Content that is no object stands under the key "value".
// Members are in the order of their names, as in every encoding that is always the
// same. The addresses are those of emailsIn.
func (d *decoder) encodeContent(v *value) (encoded []byte, emails []string) {
	if v.kind == jsonObject {
		d.out = d.appendStruct(d.out[:0], v, 1)
	} else {
		name := v.name
		v.name = d.keep([]byte("value"))
		d.out = d.appendMember(d.out[:0], v, 1)
		v.name = name
	}
	return append(make([]byte, 0, len(d.out)), d.out...), d.emailsIn(v)
}

// appendStruct appends the members of an object of the given level as a Struct.
func (d *decoder) appendStruct(b []byte, v *value, level int) []byte {
	members := d.parts(v)
	for i := range members {
		b = d.appendMember(b, &members[i], level)
	}
	return b
}

func (d *decoder) appendMember(b []byte, v *value, level int) []byte {
	b, member := openMessage(b, wire.StructFields)
	b = protowire.AppendTag(b, wire.EntryKey, protowire.BytesType)
	b = protowire.AppendBytes(b, d.bytes(v.name))
	b, inner := openMessage(b, wire.EntryValue)
	b = closeMessage(d.appendValue(b, v, level), inner)
	return closeMessage(b, member)
}

// appendValue appends a value that lies in an object or array of the given level.
func (d *decoder) appendValue(b []byte, v *value, level int) []byte {
	switch v.kind {
	case jsonTrue, jsonFalse:
		b = protowire.AppendTag(b, wire.ValueBool, protowire.VarintType)
		return protowire.AppendVarint(b, protowire.EncodeBool(v.kind == jsonTrue))
	case jsonNumber:
		return appendNumber(b, d.bytes(v.text))
	case jsonString:
		return appendText(b, d.bytes(v.text))
	case jsonArray, jsonObject:
		if level == maxContentLevels {
			return appendText(b, []byte(d.jsonText(v)))
		}
		return d.appendParts(b, v, level+1)
	case jsonNull:
	}
	return protowire.AppendVarint(protowire.AppendTag(b, wire.ValueNull, protowire.VarintType), 0)
}

// appendParts appends an array or object as a value.
func (d *decoder) appendParts(b []byte, v *value, level int) []byte {
	if v.kind == jsonObject {
		b, inner := openMessage(b, wire.ValueStruct)
		return closeMessage(d.appendStruct(b, v, level), inner)
	}
	b, list := openMessage(b, wire.ValueList)
	items := d.parts(v)
	for i := range items {
		item := 0
		b, item = openMessage(b, wire.ListValues)
		b = closeMessage(d.appendValue(b, &items[i], level), item)
	}
	return closeMessage(b, list)
}

func appendText(b, text []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, wire.ValueText, protowire.BytesType), text)
}

// appendNumber appends a number, or a string of its literal where it is an integer
// that a double cannot hold exactly, or anything that a double cannot hold at all.
func appendNumber(b, literal []byte) []byte {
	number, ok := double(literal)
	if !ok {
		return appendText(b, literal)
	}
	b = protowire.AppendTag(b, wire.ValueNumber, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(number))
}

// double is the number of a literal, false where no double is that.
func double(literal []byte) (number float64, ok bool) {
	if n, ok := integer(literal); ok {
		return float64(n), len(literal) <= 15 || int64(float64(n)) == n
	}
	text := string(literal)
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && (len(text) <= 15 || strings.ContainsAny(text, ".eE") ||
		strconv.FormatFloat(number, 'f', 0, 64) == text)
}

// integer is the number of a literal with nothing but up to 18 digits and a sign,
// false for others and for the zero that has one.
func integer(literal []byte) (n int64, ok bool) {
	digits, negative := bytes.CutPrefix(literal, []byte("-"))
	if len(digits) > 18 || negative && digits[0] == '0' {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// openMessage begins a message in a field of another, with room for the length of a
// short one: what is appended from start on is the message, and closeMessage ends it.
func openMessage(b []byte, field protowire.Number) (out []byte, start int) {
	out = append(protowire.AppendTag(b, field, protowire.BytesType), 0)
	return out, len(out)
}

func closeMessage(b []byte, start int) []byte {
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(max(len(b)-start, 0)))
	if n > 1 {
		b = slices.Insert(b, start, length[1:n]...)
	}
	b[start-1] = length[0]
	return b
}
