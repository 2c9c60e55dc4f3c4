package audit

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// maxTextBytes bounds an event's name and its ids. Snyk's are far shorter; what is
// longer is cut, and the event marked as truncated.
const maxTextBytes = 4 << 10

// maxCreatedBytes bounds the text of a time; nanoseconds with an offset take 35.
const maxCreatedBytes = 64

// Observed is one record as Snyk showed it.
type Observed struct {
	// Raw are the bytes as sent. They belong to the caller of ReadRecord.
	Raw []byte
	// Problem says why the record cannot be read; empty on one that can. It quotes
	// nothing of the record.
	Problem string
	// Created is the record's time in UTC, zero where it cannot be read. It is set
	// on a record with another problem too, where it can be read.
	Created time.Time
	// Event, OrgID, GroupID, UserID and ProjectID are what the record says, empty
	// where it does not: valid UTF-8 of at most 4 KiB.
	Event, OrgID, GroupID, UserID, ProjectID string
	// Hash identifies the record but for twins: see ID.
	Hash [32]byte

	// content is the record's content as an encoded Struct, nil where it has none;
	// emails are the addresses in it.
	content []byte
	emails  []string
	// cut says that one of the texts was too long.
	cut bool
}

// ReadRecord reads the bytes of one audit record. It takes everything Snyk has
// been seen to send: both spellings of the ids, nulls, ids that are no strings,
// empty keys, content of any kind, bytes that are no UTF-8 (U+FFFD stands for
// them). Of a key sent twice, the last counts.
//
// It never fails: a record that cannot be read has a Problem, and what could be
// read of it. Time and memory are linear in len(raw); nesting deeper than
// encoding/json allows (10 000 levels) is a Problem.
func ReadRecord(raw []byte) Observed {
	d := borrowDecoder()
	defer d.giveBack()
	o := Observed{Raw: raw}
	fields, problem := d.fields(raw)
	if problem != "" {
		o.Problem, o.Hash = problem, hashUnreadable(raw)
		return o
	}
	var eventProblem, createdProblem string
	o.Event, eventProblem = o.readEvent(d, d.member(fields, "event"))
	o.Created, createdProblem = d.readCreated(d.member(fields, "created"))
	o.OrgID = o.bound(d.textOf(d.member(fields, "org_id")))
	o.GroupID = o.bound(d.textOf(d.member(fields, "group_id")))
	o.UserID = o.bound(d.textOf(d.member(fields, "user_id")))
	o.ProjectID = o.bound(d.textOf(d.member(fields, "project_id")))
	if content := d.member(fields, "content"); content != nil {
		o.content, o.emails = d.encodeContent(content)
	}
	if o.Problem = eventProblem; o.Problem == "" {
		o.Problem = createdProblem
	}
	if o.Problem != "" {
		o.Hash = hashUnreadable(raw)
		return o
	}
	o.Hash = d.hashRecord(fields, o.Created)
	return o
}

func (o *Observed) readEvent(d *decoder, v *value) (name, problem string) {
	switch {
	case v == nil:
		return "", "it has no event"
	case v.kind != jsonString:
		return "", "its event is not a string"
	case v.text.size() == 0:
		return "", "its event is empty"
	}
	return o.bound(d.textOf(v)), ""
}

// bound cuts text between two characters where it is too long.
func (o *Observed) bound(text string) string {
	if len(text) <= maxTextBytes {
		return text
	}
	end := maxTextBytes
	for !utf8.RuneStart(text[end]) {
		end--
	}
	o.cut = true
	return text[:end]
}

// fields reads raw as one JSON object: its members, in the order of their names of
// today.
func (d *decoder) fields(raw []byte) (fields []value, problem string) {
	v, problem := d.read(raw)
	switch {
	case problem != "":
		return nil, problem
	case v.kind != jsonObject:
		return nil, "it is not a JSON object"
	}
	return d.foldSpellings(d.parts(v)), ""
}

// spellings are the keys of Snyk's older API, each with the one of today.
var spellings = [...]struct{ old, now string }{
	{"groupId", "group_id"},
	{"orgId", "org_id"},
	{"userId", "user_id"},
	{"projectId", "project_id"},
}

// foldSpellings gives every id the key it has today. Where a record has both with
// different values, today's counts and the other stays a key of its own, so that
// the identity still tells the two apart.
func (d *decoder) foldSpellings(fields []value) []value {
	folded := false
	for _, s := range spellings {
		old := d.member(fields, s.old)
		if old == nil {
			continue // a null is no more than no key
		}
		now := d.member(fields, s.now)
		if now == nil {
			old.name = d.keep([]byte(s.now))
			folded = true
		} else if d.equal(old, now) {
			leaveOut(old)
		}
	}
	if folded {
		d.sortByName(fields)
	}
	return fields
}

// readCreated reads a time in RFC 3339, whole seconds or parts of them, with any
// offset. It lies in the years that a protobuf Timestamp can hold.
func (d *decoder) readCreated(v *value) (at time.Time, problem string) {
	switch {
	case v == nil:
		return time.Time{}, "it has no created"
	case v.kind != jsonString:
		return time.Time{}, "its created is not a string"
	case v.text.size() > maxCreatedBytes:
		return time.Time{}, "its created is too long for a time"
	}
	// RFC 3339 allows a small t and z, time.Parse does not.
	at, err := time.Parse(time.RFC3339, strings.ToUpper(string(d.bytes(v.text))))
	if err != nil {
		return time.Time{}, "its created is not a time in RFC 3339"
	}
	at = at.UTC()
	// The zero time is how programs write "none"; here it says that there is none.
	if at.Year() < 1 || at.Year() > 9999 || at.IsZero() {
		return time.Time{}, "its created is out of range"
	}
	return at, ""
}

// textOf is an id's text. Snyk's ids are strings; of anything else it is the JSON.
func (d *decoder) textOf(v *value) string {
	switch {
	case v == nil:
		return ""
	case v.kind == jsonArray, v.kind == jsonObject:
		return d.jsonText(v)
	case v.kind == jsonTrue:
		return "true"
	case v.kind == jsonFalse:
		return "false"
	}
	return d.string(d.bytes(v.text))
}

// jsonText is the JSON of a value, keys sorted.
func (d *decoder) jsonText(v *value) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d.plain(v)); err != nil {
		return "" // what was decoded encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
