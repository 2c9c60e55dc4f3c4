package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
)

// contentOf is what a record whose content is the JSON becomes: its content and the
// addresses in it.
func contentOf(t *testing.T, content string) (*structpb.Struct, []string) {
	t.Helper()
	o := ReadRecord([]byte(`{"created":"2026-03-14T15:09:26Z","event":"org.edit","content":` + content + `}`))
	if o.Problem != "" {
		t.Fatal(o.Problem)
	}
	event := Normalise(o, orgSetting())
	return event.GetOrgAudit().GetContent(), event.GetIndicators().GetEmails()
}

func TestContentStruct(t *testing.T) {
	object := func(key string, v any) *structpb.Struct {
		s, err := structpb.NewStruct(map[string]any{key: v})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	tests := map[string]struct {
		content string
		want    *structpb.Struct
	}{
		"null":           {`null`, nil},
		"empty":          {`{}`, &structpb.Struct{}},
		"empty keys":     {`{"":{"":""}}`, object("", map[string]any{"": ""})},
		"null member":    {`{"a":null}`, object("a", nil)},
		"string":         {`"text"`, object("value", "text")},
		"empty string":   {`""`, object("value", "")},
		"number":         {`7`, object("value", 7)},
		"false":          {`false`, object("value", false)},
		"array":          {`[1,"two",[true],null]`, object("value", []any{1, "two", []any{true}, nil})},
		"not UTF-8":      {"{\"a\xff\":\"b\xff\"}", object("a\uFFFD", "b\uFFFD")},
		"lone surrogate": {`{"a":"\ud800"}`, object("a", "\uFFFD")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := contentOf(t, test.content)
			if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestContentNumbers(t *testing.T) {
	tests := map[string]any{ // literal: what it becomes
		"0":                            0.0,
		"-1":                           -1.0,
		"0.1":                          0.1,
		"1e3":                          1000.0,
		"999999999999999":              999999999999999.0,
		"9007199254740992":             9007199254740992.0,
		"9007199254740993":             "9007199254740993",
		"-9007199254740993":            "-9007199254740993",
		"9007199254740994":             9007199254740994.0,
		"9223372036854775808":          9223372036854775808.0,
		"18446744073709551615":         "18446744073709551615",
		"1000000000000000000000":       1e21,
		"1e400":                        "1e400",
		"-1e400":                       "-1e400",
		"3.14159265358979323846":       3.14159265358979323846,
		"1" + strings.Repeat("0", 400): "1" + strings.Repeat("0", 400),
	}
	for literal, want := range tests {
		t.Run(literal[:min(len(literal), 24)], func(t *testing.T) {
			content, _ := contentOf(t, literal)
			got := content.GetFields()["value"].AsInterface()
			if got != want {
				t.Errorf("got %v (%T), want %v", got, got, want)
			}
		})
	}
}

func TestContentLevels(t *testing.T) {
	// The object at level 24 is kept, the one at level 25 is text.
	deep := strings.Repeat(`{"a":`, maxContentLevels) + `{"z":"<&>","b":[1.50]}` + strings.Repeat("}", maxContentLevels)
	content, _ := contentOf(t, deep)
	var v any = content.AsMap()
	for range maxContentLevels - 1 {
		v = v.(map[string]any)["a"]
	}
	if got, want := v.(map[string]any)["a"], `{"b":[1.50],"z":"<&>"}`; got != want {
		t.Errorf("level 25 is %v, want the text %s", got, want)
	}
	// A scalar is no level of its own.
	deep = strings.Repeat("[", maxContentLevels-1) + "7" + strings.Repeat("]", maxContentLevels-1)
	content, _ = contentOf(t, deep)
	v = content.AsMap()["value"]
	for range maxContentLevels - 1 {
		v = v.([]any)[0]
	}
	if v != 7.0 {
		t.Errorf("at the last level: %v", v)
	}
	deep = "[" + deep + "]"
	content, _ = contentOf(t, deep)
	v = content.AsMap()["value"]
	for range maxContentLevels - 1 {
		v = v.([]any)[0]
	}
	if v != "[7]" {
		t.Errorf("past the last level: %v", v)
	}
}
