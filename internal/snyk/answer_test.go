package snyk

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestDecodeAnswer(t *testing.T) {
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	tests := []struct {
		name, body string
		items      []string
		next       string
	}{
		{"documented", `{"jsonapi":{"version":"1.0"},"data":{"type":"audit_log_search","items":[{"a":1},{"b":2}]},"links":{"next":"/rest/x"}}`, []string{`{"a":1}`, `{"b":2}`}, "/rest/x"},
		{"empty list", empty, nil, ""},
		{"no items", `{"data":{"type":"audit_log_search"}}`, nil, ""},
		{"items null", `{"data":{"type":"audit_log_search","items":null}}`, nil, ""},
		{"no type, items", `{"data":{"items":[1]}}`, []string{"1"}, ""},
		{"white space inside and around", " \n{\"data\" : {\"items\" : [ { \"a\" : 1 }\n, 2 , 3]}}\n ", []string{`{ "a" : 1 }`, "2", "3"}, ""},
		{"records that are no objects", `{"data":{"items":[null,true,12e3,"x",[1, 2],{}]}}`, []string{"null", "true", "12e3", `"x"`, "[1, 2]", "{}"}, ""},
		{"order, escapes, numbers, double and empty keys as sent", `{"data":{"items":[{"z":"\u00e9\/","a":12345678901234567890.10,"":{"":1},"a":2}]}}`, []string{`{"z":"\u00e9\/","a":12345678901234567890.10,"":{"":1},"a":2}`}, ""},
		{"invalid UTF-8", "{\"data\":{\"items\":[{\"a\":\"\xff\xc0\x80\"},\"\xed\xa0\x80\"]}}", []string{"{\"a\":\"\xff\xc0\x80\"}", "\"\xed\xa0\x80\""}, ""},
		{"lone surrogates", `{"data":{"items":["\ud800"]}}`, []string{`"\ud800"`}, ""},
		{"deep", `{"data":{"items":[` + deep + `]}}`, []string{deep}, ""},
		{"link object", `{"data":{"items":[]},"links":{"next":{"href":"/rest/x?a=b&c=d"}}}`, nil, "/rest/x?a=b&c=d"},
		{"link escaped", `{"data":{"items":[]},"links":{"next":"\/rest\/x?a=1\u0026b=2"}}`, nil, "/rest/x?a=1&b=2"},
		{"link null", `{"data":{"items":[]},"links":{"next":null}}`, nil, ""},
		{"link empty", `{"data":{"items":[]},"links":{"next":""}}`, nil, ""},
		{"href null", `{"data":{"items":[]},"links":{"next":{"href":null}}}`, nil, ""},
		{"links null", `{"data":{"items":[]},"links":null}`, nil, ""},
		{"links without next", `{"data":{"items":[]},"links":{"prev":"/x"}}`, nil, ""},
		{"a link of an unknown form still says there is more", `{"data":{"items":[]},"links":{"next":{"url":"/x"}}}`, nil, `{"url":"/x"}`},
		{"so does a number", `{"data":{"items":[]},"links":{"next":7}}`, nil, `7`},
		{"and links that are no object", `{"data":{"items":[]},"links":["/x"]}`, nil, `["/x"]`},
		{"empty errors beside data", `{"data":{"items":[1]},"errors":[]}`, []string{"1"}, ""},
		{"unknown members", `{"meta":{"x":[1]},"data":{"items":[1],"more":{}}}`, []string{"1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, next, bad := decodeAnswer([]byte(tt.body))
			if bad != nil {
				t.Fatalf("refused: %s", bad.text)
			}
			var got []string
			for _, item := range items {
				got = append(got, string(item))
			}
			if diff := cmp.Diff(tt.items, got); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if want := plainItems(t, []byte(tt.body)); !slices.EqualFunc(items, want, bytes.Equal) {
				t.Errorf("the items are %q, encoding/json finds %q", items, want)
			}
			if next != tt.next {
				t.Errorf("next = %q, want %q", next, tt.next)
			}
		})
	}
}

func TestDecodeAnswerRefuses(t *testing.T) {
	tooDeep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	tests := []struct {
		name, body string
		want       audit.SnykClass
		text       string
	}{
		{"nothing", "", audit.SnykUnavailable, "cut"},
		{"white space", " \n", audit.SnykUnavailable, "cut"},
		{"half", empty[:len(empty)/2], audit.SnykUnavailable, "cut"},
		{"all but the last brace", empty[:len(empty)-1], audit.SnykUnavailable, "cut"},
		{"cut in a word", `{"data":nul`, audit.SnykUnavailable, "cut"},
		{"HTML", "<html><body>502</body></html>", audit.SnykBadAnswer, "no JSON"},
		{"text", "upstream connect error", audit.SnykBadAnswer, "no JSON"},
		{"empty object", "{}", audit.SnykBadAnswer, "data is no object"},
		{"null", "null", audit.SnykBadAnswer, "null"},
		{"list", "[]", audit.SnykBadAnswer, "no JSON object"},
		{"error of the documented form", `{"jsonapi":{"version":"1.0"},"errors":[{"status":"403","detail":"no permission"}]}`, audit.SnykBadAnswer, "no permission"},
		{"error beside data", `{"data":{"items":[1]},"errors":[{"detail":"partial"}]}`, audit.SnykBadAnswer, "partial"},
		{"error of the old form", `{"code":401,"message":"x"}`, audit.SnykBadAnswer, "data is no object"},
		{"data a list", `{"data":[]}`, audit.SnykBadAnswer, "data is no object"},
		{"data null", `{"data":null}`, audit.SnykBadAnswer, "data is no object"},
		{"another case is another name", `{"Data":{"items":[1]}}`, audit.SnykBadAnswer, "data is no object"},
		{"another resource", `{"data":{"type":"org","id":"1","attributes":{}}}`, audit.SnykBadAnswer, "no items"},
		{"items an object", `{"data":{"type":"audit_log_search","items":{}}}`, audit.SnykBadAnswer, "no list"},
		{"more after the end", empty + "{}", audit.SnykBadAnswer, "goes on"},
		{"bad syntax inside", `{"data":{"items":[{"a":}]}}`, audit.SnykBadAnswer, "no JSON"},
		{"too deep", `{"data":{"items":[` + tooDeep + `]}}`, audit.SnykBadAnswer, "no JSON"},
		{"too many", `{"data":{"items":[0` + strings.Repeat(",0", maxItems) + `]}}`, audit.SnykBadAnswer, "more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, _, bad := decodeAnswer([]byte(tt.body))
			if bad == nil {
				t.Fatalf("taken for an audit log with %d records", len(items))
			}
			if bad.class != tt.want || !strings.Contains(bad.text, tt.text) {
				t.Errorf("class %d, %q; want class %d and %q", bad.class, bad.text, tt.want, tt.text)
			}
		})
	}
}

// FuzzDecodeAnswer holds that whatever comes is refused with a reason, or gives
// records that lie in the body byte for byte, in order, each valid JSON.
func FuzzDecodeAnswer(f *testing.F) {
	for _, seed := range []string{
		empty, "{}", "", "null", `{"data":{"items":[{"event":"org.create"},null, 1 ,"\xff"]},"links":{"next":{"href":"/x"}}}`,
		`{"errors":[{"status":"400","detail":"x","source":{"parameter":"cursor"}}]}`, "<html>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		items, next, bad := decodeAnswer(body)
		if bad != nil {
			if len(items) != 0 || next != "" || bad.text == "" {
				t.Fatalf("refused, and yet %d items, next %q, text %q", len(items), next, bad.text)
			}
			if bad.class != audit.SnykBadAnswer && bad.class != audit.SnykUnavailable {
				t.Fatalf("class %d", bad.class)
			}
			line := scrubber(nil).line(bad.text, maxDetail)
			if !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n") || utf8.RuneCountInString(line) > maxDetail {
				t.Fatalf("no line: %q", line)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatal("an audit log of what is no JSON")
		}
		if want := plainItems(t, body); !slices.EqualFunc(items, want, bytes.Equal) {
			t.Fatalf("the items are %q, encoding/json finds %q", items, want)
		}
		rest := body
		for _, item := range items {
			at := bytes.Index(rest, item)
			if at < 0 || !json.Valid(item) {
				t.Fatalf("item %q is not in the body, or no JSON", item)
			}
			rest = rest[at+len(item):]
		}
	})
}

// plainItems are the items of an answer as encoding/json finds them.
func plainItems(t *testing.T, body []byte) [][]byte {
	t.Helper()
	var doc, data map[string]json.RawMessage
	var items []json.RawMessage
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(doc["data"], &data); err != nil {
		t.Fatal(err)
	}
	if raw := data["items"]; raw != nil {
		if err := json.Unmarshal(raw, &items); err != nil {
			t.Fatal(err)
		}
	}
	out := make([][]byte, len(items))
	for i := range items {
		out[i] = items[i]
	}
	return out
}

// BenchmarkDecodeAnswer reads an answer of a hundred records of some 800 bytes.
func BenchmarkDecodeAnswer(b *testing.B) {
	item := `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","content":{"a":{"limit":5,"list":["x","y"]},"text":"` + strings.Repeat("words ", 110) + `"}}`
	body := []byte(`{"data":{"type":"audit_log_search","items":[` + item + strings.Repeat(","+item, pageSize-1) + `]},"links":{"next":"/rest/x"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if items, _, bad := decodeAnswer(body); bad != nil || len(items) != pageSize {
			b.Fatal(bad, len(items))
		}
	}
}
