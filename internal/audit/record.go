package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
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

	content any
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
	o := Observed{Raw: raw}
	fields, problem := decodeObject(raw)
	if problem != "" {
		o.Problem, o.Hash = problem, hashUnreadable(raw)
		return o
	}
	foldSpellings(fields)
	var eventProblem, createdProblem string
	o.Event, eventProblem = o.readEvent(fields["event"])
	o.Created, createdProblem = readCreated(fields["created"])
	o.OrgID = o.bound(textOf(fields["org_id"]))
	o.GroupID = o.bound(textOf(fields["group_id"]))
	o.UserID = o.bound(textOf(fields["user_id"]))
	o.ProjectID = o.bound(textOf(fields["project_id"]))
	o.content = fields["content"]
	if o.Problem = eventProblem; o.Problem == "" {
		o.Problem = createdProblem
	}
	if o.Problem != "" {
		o.Hash = hashUnreadable(raw)
		return o
	}
	o.Hash = hashRecord(raw, fields, o.Created)
	return o
}

func (o *Observed) readEvent(v any) (name, problem string) {
	switch v := v.(type) {
	case nil:
		return "", "it has no event"
	case string:
		if v == "" {
			return "", "its event is empty"
		}
		return o.bound(v), ""
	}
	return "", "its event is not a string"
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

// decodeObject reads raw as one JSON object, numbers as their literals.
func decodeObject(raw []byte) (fields map[string]any, problem string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, "it is not JSON, or nested too deeply"
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, "something follows the JSON value"
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, "it is not a JSON object"
	}
	return fields, ""
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
func foldSpellings(fields map[string]any) {
	for _, s := range spellings {
		old, sent := fields[s.old]
		if !sent {
			continue
		}
		now := fields[s.now]
		if now == nil {
			fields[s.now] = old
		}
		if now == nil || old == nil || reflect.DeepEqual(old, now) {
			delete(fields, s.old)
		}
	}
}

// readCreated reads a time in RFC 3339, whole seconds or parts of them, with any
// offset. It lies in the years that a protobuf Timestamp can hold.
func readCreated(v any) (at time.Time, problem string) {
	text, ok := v.(string)
	switch {
	case v == nil:
		return time.Time{}, "it has no created"
	case !ok:
		return time.Time{}, "its created is not a string"
	case len(text) > maxCreatedBytes:
		return time.Time{}, "its created is too long for a time"
	}
	// RFC 3339 allows a small t and z, time.Parse does not.
	at, err := time.Parse(time.RFC3339, strings.ToUpper(text))
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
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return jsonText(v)
}

// jsonText is the JSON of a decoded value, keys sorted.
func jsonText(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "" // what was decoded encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
