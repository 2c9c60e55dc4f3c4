package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"
)

// The reading of records by encoding/json, into maps and interfaces: what the
// decoder is held to. It is slow, and plain to see.

// plainObject reads raw as one JSON object, numbers as their literals.
func plainObject(raw []byte) (fields map[string]any, problem string) {
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

func plainFold(fields map[string]any) {
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

func plainCreated(v any) (at time.Time, problem string) {
	text, ok := v.(string)
	switch {
	case v == nil:
		return time.Time{}, "it has no created"
	case !ok:
		return time.Time{}, "its created is not a string"
	case len(text) > maxCreatedBytes:
		return time.Time{}, "its created is too long for a time"
	}
	at, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		return time.Time{}, "its created is not a time in RFC 3339"
	}
	at = at.UTC()
	if at.Year() < 1 || at.Year() > 9999 || at.IsZero() {
		return time.Time{}, "its created is out of range"
	}
	return at, ""
}

func plainText(o *Observed, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return o.bound(v)
	case json.Number:
		return o.bound(v.String())
	case bool:
		return o.bound(strconv.FormatBool(v))
	}
	return o.bound(plainJSON(v))
}

func plainJSON(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// plainRecord is ReadRecord, and the content as it was decoded.
func plainRecord(raw []byte) (o Observed, content any) {
	o = Observed{Raw: raw}
	fields, problem := plainObject(raw)
	if problem != "" {
		o.Problem, o.Hash = problem, hashUnreadable(raw)
		return o, nil
	}
	plainFold(fields)
	var createdProblem string
	o.Created, createdProblem = plainCreated(fields["created"])
	o.OrgID, o.GroupID = plainText(&o, fields["org_id"]), plainText(&o, fields["group_id"])
	o.UserID, o.ProjectID = plainText(&o, fields["user_id"]), plainText(&o, fields["project_id"])
	switch name := fields["event"].(type) {
	case nil:
		o.Problem = "it has no event"
	case string:
		if o.Event = o.bound(name); name == "" {
			o.Problem = "its event is empty"
		}
	default:
		o.Problem = "its event is not a string"
	}
	if o.Problem == "" {
		o.Problem = createdProblem
	}
	content = fields["content"]
	if o.Problem != "" {
		o.Hash = hashUnreadable(raw)
		return o, content
	}
	o.Hash = plainHash(raw, fields, o.Created)
	return o, content
}

func plainHash(raw []byte, fields map[string]any, created time.Time) [32]byte {
	kind := identityOfRecord
	if !utf8.Valid(raw) {
		if marked, problem := plainObject(markBadBytes(raw)); problem == "" {
			kind, fields = identityOfBadText, marked
			plainFold(fields)
		}
	}
	fields["created"] = created.Format(time.RFC3339Nano)
	if org := fields["org_id"]; org != nil && org != "" {
		delete(fields, "group_id")
	}
	return sha256.Sum256(plainCanonical([]byte(kind), fields))
}

func plainBareHash(raw []byte) (hash [32]byte, ok bool) {
	fields, problem := plainObject(raw)
	if problem != "" {
		return hash, false
	}
	plainFold(fields)
	created, problem := plainCreated(fields["created"])
	if problem != "" {
		return hash, false
	}
	fields["created"] = created.Format(time.RFC3339Nano)
	delete(fields, "org_id")
	delete(fields, "group_id")
	return sha256.Sum256(plainCanonical([]byte(identityOfBare), fields)), true
}

func plainCanonical(b []byte, v any) []byte {
	counted := func(b []byte, kind byte, text string) []byte {
		b = binary.AppendUvarint(append(b, kind), uint64(len(text)))
		return append(b, text...)
	}
	switch v := v.(type) {
	case bool:
		if v {
			return append(b, 't')
		}
		return append(b, 'f')
	case json.Number:
		return counted(b, 'n', v.String())
	case string:
		return counted(b, 's', v)
	case []any:
		b = binary.AppendUvarint(append(b, 'a'), uint64(len(v)))
		for _, item := range v {
			b = plainCanonical(b, item)
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
			b = plainCanonical(counted(b, 'k', key), v[key])
		}
		return b
	}
	return append(b, '0')
}

func plainContent(content any) *structpb.Struct {
	switch content := content.(type) {
	case nil:
		return nil
	case map[string]any:
		return plainStruct(content, 1)
	}
	return plainStruct(map[string]any{"value": content}, 1)
}

func plainStruct(members map[string]any, level int) *structpb.Struct {
	out := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(members))}
	for key, member := range members {
		out.Fields[key] = plainValue(member, level)
	}
	return out
}

func plainValue(v any, level int) *structpb.Value {
	switch v := v.(type) {
	case bool:
		return structpb.NewBoolValue(v)
	case json.Number:
		number, err := strconv.ParseFloat(v.String(), 64)
		whole := len(v) > 15 && !strings.ContainsAny(v.String(), ".eE")
		if err != nil || whole && strconv.FormatFloat(number, 'f', 0, 64) != v.String() {
			return structpb.NewStringValue(v.String())
		}
		return structpb.NewNumberValue(number)
	case string:
		return structpb.NewStringValue(v)
	case []any:
		if level == maxContentLevels {
			return structpb.NewStringValue(plainJSON(v))
		}
		items := make([]*structpb.Value, len(v))
		for i, item := range v {
			items[i] = plainValue(item, level+1)
		}
		return structpb.NewListValue(&structpb.ListValue{Values: items})
	case map[string]any:
		if level == maxContentLevels {
			return structpb.NewStringValue(plainJSON(v))
		}
		return structpb.NewStructValue(plainStruct(v, level+1))
	}
	return structpb.NewNullValue()
}

func plainEmails(content any) []string {
	var found []string
	var each func(any)
	each = func(v any) {
		switch v := v.(type) {
		case string:
			found = appendEmails(found, v)
		case []any:
			for _, item := range v {
				each(item)
			}
		case map[string]any:
			for _, member := range v {
				each(member)
			}
		}
	}
	each(content)
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.Clip(found[:min(len(found), maxEmails)])
}

// checkAgainstPlain holds everything that is read of a record to what encoding/json
// makes of it.
func checkAgainstPlain(t rapid.TB, raw []byte) {
	t.Helper()
	got := ReadRecord(raw)
	want, content := plainRecord(raw)
	kept := got
	got.content, got.emails = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read as\n%+v, encoding/json reads\n%+v", got, want)
	}
	bare, ok := BareHash(raw)
	if wantBare, wantOK := plainBareHash(raw); bare != wantBare || ok != wantOK {
		t.Errorf("the bare hash is %x %v, want %x %v", bare, ok, wantBare, wantOK)
	}
	checkContent(t, kept, content)
}
