package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
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
func (o Observed) ID(occurrence int) string {
	id := hex.EncodeToString(o.Hash[:16])
	if occurrence > 1 {
		id += "-" + strconv.Itoa(occurrence)
	}
	return id
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
func hashRecord(raw []byte, fields map[string]any, created time.Time) [32]byte {
	kind := identityOfRecord
	if !utf8.Valid(raw) {
		// Decoding puts one character for every bad byte. Bytes that differ must
		// still make records that differ.
		if marked, problem := decodeObject(markBadBytes(raw)); problem == "" {
			kind, fields = identityOfBadText, marked
			foldSpellings(fields)
		}
	}
	fields["created"] = created.Format(time.RFC3339Nano)
	if org := fields["org_id"]; org != nil && org != "" {
		delete(fields, "group_id")
	}
	canonical := make([]byte, 0, len(kind)+len(raw)+64)
	canonical = appendCanonical(append(canonical, kind...), fields)
	return sha256.Sum256(canonical)
}

// BareHash identifies a readable record by what it says, and not by whose it is:
// without organization and group. A group's log shows records of its
// organizations that name neither. False for a record that cannot be read.
func BareHash(raw []byte) (hash [32]byte, ok bool) {
	fields, problem := decodeObject(raw)
	if problem != "" {
		return hash, false
	}
	foldSpellings(fields)
	created, problem := readCreated(fields["created"])
	if problem != "" {
		return hash, false
	}
	fields["created"] = created.Format(time.RFC3339Nano)
	delete(fields, "org_id")
	delete(fields, "group_id")
	return sha256.Sum256(appendCanonical([]byte(identityOfBare), fields)), true
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

// appendCanonical appends a form of a decoded value that is the same for the same
// value and for no other: a letter for its kind, its length, its parts. Members of
// objects stand in the order of their keys, those that are null are left out; a
// null in an array has its place.
func appendCanonical(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		if v {
			return append(b, 't')
		}
		return append(b, 'f')
	case json.Number:
		return appendCounted(b, 'n', v.String())
	case string:
		return appendCounted(b, 's', v)
	case []any:
		b = binary.AppendUvarint(append(b, 'a'), uint64(len(v)))
		for _, item := range v {
			b = appendCanonical(b, item)
		}
		return b
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key, member := range v {
			if member != nil {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		b = binary.AppendUvarint(append(b, 'o'), uint64(len(keys)))
		for _, key := range keys {
			b = appendCanonical(appendCounted(b, 'k', key), v[key])
		}
		return b
	}
	return append(b, '0')
}

func appendCounted(b []byte, kind byte, text string) []byte {
	b = binary.AppendUvarint(append(b, kind), uint64(len(text)))
	return append(b, text...)
}
