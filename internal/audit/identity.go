package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// IdentityVersion counts changes of the identity: of which records count as the
// same. When it changes, the ids of stored events are made again from their bytes.
const IdentityVersion uint32 = 1

// Every hash starts with the version and with what it is of, so that a record
// never has the hash of one of another sort.
const (
	identityOfRecord     = "snykstream identity 1: record\x00"
	identityOfBadText    = "snykstream identity 1: record that is no UTF-8\x00"
	identityOfUnreadable = "snykstream identity 1: unreadable\x00"
	identityOfBare       = "snykstream identity 1: record of any log\x00"
)

// ID is the public id of the record's event. Identical records of one answer are
// told apart by occurrence, which counts them from 1.
func (o *Observed) ID(occurrence int) string {
	var id [64]byte
	out := hex.AppendEncode(id[:0], o.Hash[:16])
	if occurrence > 1 {
		out = strconv.AppendInt(append(out, '-'), int64(occurrence), 10)
	}
	return string(out)
}

// hashUnreadable identifies a record that cannot be read by its bytes.
func hashUnreadable(raw []byte) [32]byte {
	return sha256.Sum256(append([]byte(identityOfUnreadable), raw...))
}

// hashRecord identifies a record by what it says and not by how it is written:
// the order of keys, the two spellings of ids, a null or no key at all, and the
// form of the time make no difference; every other change does. Numbers count by
// their literals, so no digit is lost.
//
// The group of a record with an organization is left out: the group's log shows
// it, the organization's log shows the same record without.
//
// The fields are used up.
func (d *decoder) hashRecord(fields []value, created time.Time) [32]byte {
	kind := identityOfRecord
	if raw := d.src; !utf8.Valid(raw) {
		// Decoding puts one character for every bad byte. Bytes that differ must
		// still make records that differ.
		if marked, problem := d.fields(markBadBytes(raw)); problem == "" {
			kind, fields = identityOfBadText, marked
		}
	}
	if org := d.member(fields, "org_id"); org != nil && (org.kind != jsonString || org.text.size() > 0) {
		leaveOut(d.member(fields, "group_id"))
	}
	return d.hash(kind, fields, created)
}

// BareHash identifies a readable record by what it says, and not by whose it is:
// without organization and group. A group's log shows records of its
// organizations that name neither. False for a record that cannot be read.
func BareHash(raw []byte) (hash [32]byte, ok bool) {
	d := borrowDecoder()
	defer d.giveBack()
	fields, problem := d.fields(raw)
	if problem != "" {
		return hash, false
	}
	created, problem := d.readCreated(d.member(fields, "created"))
	if problem != "" {
		return hash, false
	}
	leaveOut(d.member(fields, "org_id"))
	leaveOut(d.member(fields, "group_id"))
	return d.hash(identityOfBare, fields, created), true
}

// leaveOut makes a member, which may be nil, count as none.
func leaveOut(member *value) {
	if member != nil {
		*member = value{kind: jsonNull, name: member.name}
	}
}

// hash is that of a record's fields, its time in one form.
func (d *decoder) hash(kind string, fields []value, created time.Time) [32]byte {
	if at := d.member(fields, "created"); at != nil {
		var text [maxCreatedBytes]byte
		at.text = d.keep(created.AppendFormat(text[:0], time.RFC3339Nano))
	}
	d.out = d.appendMembers(append(d.out[:0], kind...), fields)
	return sha256.Sum256(d.out)
}

// badByteMark is the first of 256 characters for private use that stand for bytes
// that are no UTF-8.
const badByteMark = 0x10FF00

func markBadBytes(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+64)
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		if r == utf8.RuneError && size == 1 {
			out = utf8.AppendRune(out, badByteMark+rune(raw[0]))
		} else {
			out = append(out, raw[:size]...)
		}
		raw = raw[size:]
	}
	return out
}

// appendCanonical appends a form of a value that is the same for the same value
// and for no other: a letter for its kind, its length, its parts. Members of
// objects stand in the order of their keys, those that are null are left out; a
// null in an array has its place.
func (d *decoder) appendCanonical(b []byte, v *value) []byte {
	switch v.kind {
	case jsonNumber, jsonString:
		return appendCounted(b, v.kind, d.bytes(v.text))
	case jsonArray:
		items := d.parts(v)
		b = binary.AppendUvarint(append(b, 'a'), uint64(len(items)))
		for i := range items {
			b = d.appendCanonical(b, &items[i])
		}
		return b
	case jsonObject:
		return d.appendMembers(b, d.parts(v))
	case jsonNull, jsonTrue, jsonFalse:
	}
	return append(b, byte(v.kind))
}

func (d *decoder) appendMembers(b []byte, members []value) []byte {
	count := uint64(0)
	for i := range members {
		if members[i].kind != jsonNull {
			count++
		}
	}
	b = binary.AppendUvarint(append(b, 'o'), count)
	for i := range members {
		if m := &members[i]; m.kind != jsonNull {
			b = d.appendCanonical(appendCounted(b, 'k', d.bytes(m.name)), m)
		}
	}
	return b
}

func appendCounted(b []byte, kind valueKind, text []byte) []byte {
	b = binary.AppendUvarint(append(b, byte(kind)), uint64(len(text)))
	return append(b, text...)
}
