package audit

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestID(t *testing.T) {
	o := ReadRecord([]byte(`{"created":"2026-03-14T15:09:26.535Z","event":"org.edit"}`))
	base := o.ID(1)
	if len(base) != 32 || base != hex.EncodeToString(o.Hash[:16]) {
		t.Errorf("first: %q", base)
	}
	for occurrence, want := range map[int]string{0: base, 1: base, 2: base + "-2", 11: base + "-11"} {
		if got := o.ID(occurrence); got != want {
			t.Errorf("occurrence %d: %q, want %q", occurrence, got, want)
		}
	}
}

// Records on one line are one record; on different lines, different ones.
func TestIdentity(t *testing.T) {
	wrap := func(members string) string {
		return `{"created":"2026-03-14T15:09:26Z","event":"org.edit",` + members + `}`
	}
	sorts := [][]string{
		{
			wrap(`"org_id":"o"`), wrap(`"orgId":"o"`), wrap(`"org_id":"o","orgId":"o"`), wrap(`"org_id":null,"orgId":"o"`),
			wrap(`"org_id":"o","orgId":null`), wrap(`"org_id":"o","project_id":null`), wrap(`"org_id":"o","projectId":null`),
			wrap(`"org_id":"o","group_id":"g"`), wrap(`"orgId":"o","groupId":"g2"`), wrap(`"org_id":"o","content":null`),
			` { "org_id" : "o" , "event":"org.edit", "created":"2026-03-14T15:09:26.000Z" } `,
			`{"event":"org.edit","created":"2026-03-14T16:09:26.000000000+01:00","org_id":"\u006f"}`,
		},
		{`{"created":"2026-03-14T15:09:26.001Z","event":"org.edit","org_id":"o"}`},
		{wrap(`"org_id":"o","orgId":"p"`)},
		{wrap(`"org_id":"o","content":{}`), wrap(`"org_id":"o","content":{"a":null}`)},
		{wrap(`"org_id":"o","content":{"a":1,"b":2}`), wrap(`"org_id":"o","content":{"b":2,"a":1}`)},
		{wrap(`"org_id":"o","content":{"a":2,"b":1}`)},
		{wrap(`"org_id":"o","content":{"orgId":"x"}`)},
		{wrap(`"org_id":"o","content":{"org_id":"x"}`)},
		{wrap(`"org_id":"o","content":[]`)},
		{wrap(`"org_id":"o","content":[null]`)},
		{wrap(`"org_id":"o","content":[1,null]`)},
		{wrap(`"org_id":"o","content":[null,1]`)},
		{wrap(`"org_id":"o","content":[[1],2]`)},
		{wrap(`"org_id":"o","content":[[1,2]]`)},
		{wrap(`"org_id":"o","content":1`)},
		{wrap(`"org_id":"o","content":1.0`)},
		{wrap(`"org_id":"o","content":"1"`)},
		{wrap(`"org_id":"o","content":true`)},
		{wrap(`"org_id":"o","content":false`)},
		{wrap(`"org_id":"o","content":9007199254740992`)},
		{wrap(`"org_id":"o","content":9007199254740993`)},
		{wrap(`"org_id":"o","content":""`)},
		{wrap(`"org_id":"o","":""`)},
		{wrap(`"org_id":"o","extra":1`)},
		{wrap("\"org_id\":\"o\",\"content\":\"\xfe\"")},
		{wrap("\"org_id\":\"o\",\"content\":\"\xff\""), wrap("\"content\":\"\xff\",\"orgId\":\"o\"")},
		{wrap("\"org_id\":\"o\",\"content\":\"\uFFFD\""), wrap(`"org_id":"o","content":"\ufffd"`)},
		{wrap("\"org_id\":\"o\",\"content\":\"\U0010FFFF\"")},
		{wrap(`"group_id":"g"`), wrap(`"groupId":"g","org_id":null`)},
		{wrap(`"group_id":"g2"`)},
		{wrap(`"org_id":"","group_id":"g"`)},
		// Records that cannot be read are told apart by their bytes.
		{wrap(`"event":null`)},
		{wrap(`"event": null`)},
		{`{}`},
		{`{} `},
		{``},
		{`[]`},
	}
	seen := map[[32]byte]int{}
	for i, same := range sorts {
		for _, raw := range same {
			hash := ReadRecord([]byte(raw)).Hash
			if other, ok := seen[hash]; ok && other != i {
				t.Errorf("%s counts as one with %s", raw, sorts[other][0])
			}
			if want := ReadRecord([]byte(same[0])).Hash; hash != want {
				t.Errorf("%s does not count as one with %s", raw, same[0])
			}
			seen[hash] = i
		}
	}
}

// drawValue makes any JSON value that is not null.
func drawValue(t *rapid.T, depth int) any {
	kinds := 4
	if depth > 0 {
		kinds = 6
	}
	switch rapid.IntRange(1, kinds).Draw(t, "kind") {
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?(e[0-9]{1,2})?`).Draw(t, "number"))
	case 3, 4:
		return rapid.String().Draw(t, "string")
	case 5:
		items := make([]any, rapid.IntRange(0, 3).Draw(t, "items"))
		for i := range items {
			items[i] = drawValue(t, depth-1)
		}
		return items
	}
	members := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		members[rapid.String().Draw(t, "key")] = drawValue(t, depth-1)
	}
	return members
}

func drawRecord(t *rapid.T) map[string]any {
	fields := map[string]any{
		"event":   rapid.StringMatching(`[a-z._]{1,20}`).Draw(t, "event"),
		"created": drawTime(t),
	}
	for _, key := range []string{"org_id", "group_id", "user_id", "project_id", "content", "extra"} {
		if rapid.Bool().Draw(t, key) {
			fields[key] = drawValue(t, 3)
		}
	}
	return fields
}

func drawTime(t *rapid.T) time.Time {
	return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "created")).UTC()
}

// write encodes a record with its members in any order, in either spelling, with
// nulls here and there, its time in any form.
func write(t *rapid.T, v any, top bool) string {
	switch v := v.(type) {
	case time.Time:
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "offset"))
		layout := time.RFC3339Nano
		if rapid.Bool().Draw(t, "milliseconds") {
			layout = "2006-01-02T15:04:05.000Z07:00"
		}
		return `"` + v.In(zone).Format(layout) + `"`
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = write(t, item, false)
		}
		return "[" + strings.Join(items, ",") + "]"
	case map[string]any:
		return writeObject(t, v, top)
	}
	return plainJSON(v)
}

func writeObject(t *rapid.T, fields map[string]any, top bool) string {
	keys := rapid.Permutation(slices.Sorted(maps.Keys(fields))).Draw(t, "order")
	var members []string
	for _, key := range keys {
		name := key
		for _, s := range spellings {
			if top && s.now == key && rapid.Bool().Draw(t, "old spelling") {
				name = s.old
			}
		}
		members = append(members, plainJSON(name)+":"+write(t, fields[key], false))
	}
	if _, taken := fields["none"]; !taken && rapid.Bool().Draw(t, "null") {
		members = append(members, `"none":null`)
	}
	return "{" + strings.Join(members, " ,") + "}"
}

func TestIdentityIgnoresForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := drawRecord(t)
		one, other := ReadRecord([]byte(write(t, fields, true))), ReadRecord([]byte(write(t, fields, true)))
		if one.Problem != "" || one.Hash != other.Hash {
			t.Fatalf("problem %q\n%s\n%s", one.Problem, one.Raw, other.Raw)
		}
	})
}

func TestIdentityTellsValuesApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := drawRecord(t)
		before := ReadRecord([]byte(write(t, fields, true)))
		changed := changeOne(t, fields)
		after := ReadRecord([]byte(write(t, fields, true)))
		org := before.OrgID != ""
		if changed == "group_id" && org {
			if before.Hash != after.Hash {
				t.Fatalf("the group counts beside an organization\n%s\n%s", before.Raw, after.Raw)
			}
			return
		}
		if before.Hash == after.Hash {
			t.Fatalf("a change of %s is not seen\n%s\n%s", changed, before.Raw, after.Raw)
		}
	})
}

// changeOne changes, adds or takes away one member of the record, at the top or
// anywhere in its content.
func changeOne(t *rapid.T, fields map[string]any) string {
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(fields))).Draw(t, "changed")
	switch v := fields[key].(type) {
	case time.Time:
		fields[key] = v.Add(time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "later")) * time.Millisecond)
	case map[string]any:
		if len(v) > 0 && rapid.Bool().Draw(t, "deeper") {
			changeOne(t, v)
			return key
		}
		v["added "+rapid.String().Draw(t, "key")] = drawValue(t, 1)
	case []any:
		fields[key] = append(v, drawValue(t, 1))
	case json.Number:
		fields[key] = json.Number("12")
		if v == "12" {
			fields[key] = json.Number("12.0")
		}
	case string:
		fields[key] = v + rapid.StringN(1, 5, -1).Draw(t, "more")
	case bool:
		fields[key] = !v
	}
	return key
}
