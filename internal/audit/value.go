package audit

import (
	"bytes"
	"encoding/json"
	"math"
)

// value is a JSON value that a decoder has read. Its texts and parts lie in the
// decoder, and are good until that reads something else.
type value struct {
	kind valueKind
	// name is the key of a member of an object.
	name section
	// text is what a string says, or the literal of a number.
	text section
	// first and count are the parts of an array, in their order, or of an object:
	// its members in the order of their names, the last one of each name.
	first, count int32
}

// valueKind is a letter for the kind of a value.
type valueKind byte

const (
	jsonNull   valueKind = '0'
	jsonTrue   valueKind = 't'
	jsonFalse  valueKind = 'f'
	jsonNumber valueKind = 'n'
	jsonString valueKind = 's'
	jsonArray  valueKind = 'a'
	jsonObject valueKind = 'o'
)

// section is a stretch of what the decoder read, or, counted on from its end, of the
// texts that do not lie there as they read. Small, since values are moved to be
// sorted.
type section struct{ from, to int32 }

// maxSource is the longest text that a decoder reads, so that sections of it and of
// as many texts can be counted.
const maxSource = math.MaxInt32 / 2

// between is a section; both ends are at most twice maxSource.
func between(from, to int) section {
	return section{int32(from), int32(to)} //nolint:gosec // see maxSource
}

func (s section) size() int { return int(s.to - s.from) }

// bytes are those of a section.
func (d *decoder) bytes(s section) []byte {
	if from, n := int(s.from), len(d.src); from >= n {
		return d.texts[from-n : int(s.to)-n]
	}
	return d.src[s.from:s.to]
}

// keep makes a section of a text of the caller's.
func (d *decoder) keep(text []byte) section {
	from := len(d.src) + len(d.texts)
	d.texts = append(d.texts, text...)
	return between(from, from+len(text))
}

// parts are the parts of an array or object.
func (d *decoder) parts(v *value) []value { return d.closed[v.first : v.first+v.count] }

// member is the member of an object with this name, nil where it is null or not
// there.
func (d *decoder) member(members []value, name string) *value {
	for i := range members {
		if string(d.bytes(members[i].name)) == name && members[i].kind != jsonNull {
			return &members[i]
		}
	}
	return nil
}

// equal says that two values are the same, members that are null included.
func (d *decoder) equal(a, b *value) bool {
	if a.kind != b.kind || a.count != b.count || !bytes.Equal(d.bytes(a.text), d.bytes(b.text)) {
		return false
	}
	parts, others := d.parts(a), d.parts(b)
	for i := range parts {
		x, y := &parts[i], &others[i]
		if !bytes.Equal(d.bytes(x.name), d.bytes(y.name)) || !d.equal(x, y) {
			return false
		}
	}
	return true
}

// each calls visit for a value and everything in it.
func (d *decoder) each(v *value, visit func(*value)) {
	visit(v)
	parts := d.parts(v)
	for i := range parts {
		d.each(&parts[i], visit)
	}
}

// plain is a value in the types of encoding/json, numbers as their literals.
func (d *decoder) plain(v *value) any {
	switch v.kind {
	case jsonNull:
	case jsonTrue:
		return true
	case jsonFalse:
		return false
	case jsonNumber:
		return json.Number(d.bytes(v.text))
	case jsonString:
		return string(d.bytes(v.text))
	case jsonArray:
		items := make([]any, 0, v.count)
		for i := range d.parts(v) {
			items = append(items, d.plain(&d.parts(v)[i]))
		}
		return items
	case jsonObject:
		members := make(map[string]any, v.count)
		for i := range d.parts(v) {
			m := &d.parts(v)[i]
			members[string(d.bytes(m.name))] = d.plain(m)
		}
		return members
	}
	return nil
}
