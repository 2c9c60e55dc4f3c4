package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// checkContent holds the event's content and addresses to those of the decoded
// content, in both forms of the event, which are the same on the wire.
func checkContent(t rapid.TB, o Observed, content any) {
	t.Helper()
	in := orgSetting()
	event := Normalise(o, in)
	in.EncodedContent = true
	encoded := Normalise(o, in)
	marshal := proto.MarshalOptions{Deterministic: true}
	wire, err := marshal.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := marshal.Marshal(encoded); err != nil || string(other) != string(wire) {
		t.Errorf("encoded content makes\n%x, want\n%x: %v", other, wire, err)
	}
	if o.Problem != "" || event.GetTruncated() {
		return
	}
	want := proto.CloneOf(event)
	want.GetOrgAudit().Content = plainContent(content)
	want.Indicators = nil
	addIndicators(want, snykstreamv1.Indicator_INDICATOR_EMAIL, plainEmails(content)...)
	if o.UserID != "" {
		addIndicators(want, snykstreamv1.Indicator_INDICATOR_USERNAME, o.UserID)
	}
	wanted, err := marshal.Marshal(want)
	if err != nil || string(wanted) != string(wire) {
		t.Errorf("the event is\n%v\nwant\n%v: %v", event, want, err)
	}
}

// odd are texts on which readers of JSON are known to differ.
var odd = []string{
	``, ` `, `nul`, `null`, `nullx`, `true false`, `-`, `-0`, `01`, `1.`, `.5`, `1e`, `1e+`, `1E-7`, `1e400`, `+1`, `0x1`, `NaN`, `Infinity`,
	`"`, `"\`, `"\u`, `"\u12`, `"\u12G4"`, `"\x"`, `"\'"`, `'a'`, "\"\t\"", "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\x80\"", "\"\xc3\"",
	"\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc0\xaf\"", `"\ud800"`, `"\udc00"`, `"\ud83d\ude00"`, `"\ud83d\ud83d\ude00"`, `"\ud83dx"`,
	`"\ud83d\n"`, `"\uDBFF\uDFFF"`, `"\uFFFF\u0000"`, `"\b\f\n\r\t\/\\\""`, `"abcdefg\u00e9hijklmnop"`, "\"1234567\xff\"", "\"12345678\x01\"",
	`[`, `]`, `[]`, `[ ]`, `[,]`, `[1,]`, `[1 2]`, `[1,2`, `{`, `}`, `{}`, `{ }`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`,
	`{"a":1}}`, `{"a":1}x`, `{"a":1} `, "{\"a\":1}\n\t\r ", "{\"a\":1}\x00", "\ufeff{}", "\v{}", `{"a":1,"a":2,"a":null}`, `{"a":{"b":1},"a":{"c":2}}`,
	`{"b":1,"a":2,"":3,"ab":4,"a\u0000":5}`, `{"\u0061":1,"a":2}`, "{\"\xff\":1,\"\ufffd\":2,\"\xfe\":3}", `/**/{}`, `{"a":1}//`,
}

// values are what odd texts and some nesting make.
func values() []string {
	out := slices.Clone(odd)
	for _, depth := range []int{1, 9_998, 9_999, 10_000, 10_001} {
		out = append(out,
			strings.Repeat("[", depth)+strings.Repeat("]", depth),
			strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth))
	}
	return out
}

// TestDecoderIsEncodingJSON: the decoder takes what encoding/json takes, and reads
// it the same.
func TestDecoderIsEncodingJSON(t *testing.T) {
	for _, text := range values() {
		checkDecoder(t, []byte(text))
	}
}

func checkDecoder(t rapid.TB, text []byte) {
	t.Helper()
	d := borrowDecoder()
	defer d.giveBack()
	v, problem := d.read(text)
	if valid := json.Valid(text); valid != (problem == "") {
		t.Fatalf("%.200q: problem %q, valid JSON: %v", text, problem, valid)
	}
	if valid := ValidJSON(text); valid != (problem == "") {
		t.Fatalf("%.200q: problem %q, valid %v", text, problem, valid)
	}
	if problem != "" {
		return
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	var want any
	if err := dec.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if got := d.plain(v); !reflect.DeepEqual(got, want) {
		t.Errorf("%.200q is read as %#v, want %#v", text, got, want)
	}
}

// TestRecordsAreReadAsByEncodingJSON: fields, identity, content and addresses of
// records do not depend on which of the two decoders reads them.
func TestRecordsAreReadAsByEncodingJSON(t *testing.T) {
	files, err := filepath.Glob("testdata/records/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkAgainstPlain(t, raw)
	}
	for _, text := range values() {
		checkAgainstPlain(t, withContent(text))
	}
	for _, text := range odd {
		checkAgainstPlain(t, []byte(text))
		for _, key := range []string{"event", "created", "user_id", "userId", "org_id", "group_id"} {
			checkAgainstPlain(t, []byte(`{"created":"2026-03-14T15:09:26Z","event":"e","groupId":"g","`+key+`":`+text+`,"x":1}`))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := write(t, drawRecord(t), true)
		if rapid.Bool().Draw(t, "both spellings") {
			raw = strings.Replace(raw, "{", `{"orgId":"o","org_id":`+rapid.SampledFrom([]string{`"o"`, `"p"`, `null`, `""`, `1`, `{}`}).Draw(t, "now")+`,`, 1)
		}
		if bad := rapid.IntRange(0, 9*len(raw)).Draw(t, "bad byte"); bad < len(raw) {
			raw = raw[:bad] + "\xff" + raw[bad:]
		}
		checkAgainstPlain(t, []byte(raw))
	})
}
