package audit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at is the time of most records here.
var at = time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)

func TestReadRecord(t *testing.T) {
	long := strings.Repeat("é", maxTextBytes)
	tests := map[string]struct {
		raw  string
		want Observed
	}{
		"whole": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","org_id":"o","group_id":"g","user_id":"u","project_id":"p","content":{}}`,
			want: Observed{Created: at, Event: "org.edit", OrgID: "o", GroupID: "g", UserID: "u", ProjectID: "p"},
		},
		"camel case": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","orgId":"o","groupId":"g","userId":"u","projectId":"p"}`,
			want: Observed{Created: at, Event: "org.edit", OrgID: "o", GroupID: "g", UserID: "u", ProjectID: "p"},
		},
		"nulls are absent": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","orgId":null,"group_id":null,"userId":"u","user_id":null,"projectId":null}`,
			want: Observed{Created: at, Event: "org.edit", UserID: "u"},
		},
		"both spellings, today's counts": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","orgId":"old","org_id":"now"}`,
			want: Observed{Created: at, Event: "org.edit", OrgID: "now"},
		},
		"a camel-case key deeper down is content": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","content":{"orgId":"o"}}`,
			want: Observed{Created: at, Event: "org.edit"},
		},
		"keys are case-sensitive": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","ORG_ID":"o"}`,
			want: Observed{Created: at, Event: "org.edit"},
		},
		"duplicate keys, the last counts": {
			raw:  `{"created":"2020-01-01T00:00:00Z","event":"a","event":"org.edit","created":"2026-03-14T15:09:26.535Z"}`,
			want: Observed{Created: at, Event: "org.edit"},
		},
		"empty keys": {
			raw:  `{"":"x","created":"2026-03-14T15:09:26.535Z","event":"org.edit","content":{"":""}}`,
			want: Observed{Created: at, Event: "org.edit"},
		},
		"ids that are no strings": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","org_id":12345678901234567890,"group_id":true,"user_id":{"b":"<","a":1},"project_id":[]}`,
			want: Observed{Created: at, Event: "org.edit", OrgID: "12345678901234567890", GroupID: "true", UserID: `{"a":1,"b":"<"}`, ProjectID: "[]"},
		},
		"bytes that are no UTF-8": {
			raw:  "{\"created\":\"2026-03-14T15:09:26.535Z\",\"event\":\"org.edit\",\"user_id\":\"caf\xe9\",\"\xff\":1}",
			want: Observed{Created: at, Event: "org.edit", UserID: "caf\uFFFD"},
		},
		"long texts are cut between characters": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","event":"a` + long + `"}`,
			want: Observed{Created: at, Event: "a" + long[:maxTextBytes-2], cut: true},
		},
		"white space around": {
			raw:  " {\n\"created\":\"2026-03-14T15:09:26.535Z\",\"event\":\"org.edit\"}\r\n",
			want: Observed{Created: at, Event: "org.edit"},
		},

		"nothing":           {raw: "", want: Observed{Problem: "it is not JSON, or nested too deeply"}},
		"not JSON":          {raw: `{"event":"org.edit"`, want: Observed{Problem: "it is not JSON, or nested too deeply"}},
		"HTML":              {raw: `<html>`, want: Observed{Problem: "it is not JSON, or nested too deeply"}},
		"two values":        {raw: `{"event":"org.edit"}{}`, want: Observed{Problem: "something follows the JSON value"}},
		"a bracket follows": {raw: `{"event":"org.edit"}]`, want: Observed{Problem: "something follows the JSON value"}},
		"null":              {raw: `null`, want: Observed{Problem: "it is not a JSON object"}},
		"an array":          {raw: `["org.edit"]`, want: Observed{Problem: "it is not a JSON object"}},
		"a string":          {raw: `"org.edit"`, want: Observed{Problem: "it is not a JSON object"}},
		"no event, created is still told": {
			raw:  `{"created":"2026-03-14T15:09:26.535Z","org_id":"o"}`,
			want: Observed{Problem: "it has no event", Created: at, OrgID: "o"},
		},
		"null event":        {raw: `{"created":"2026-03-14T15:09:26.535Z","event":null}`, want: Observed{Problem: "it has no event", Created: at}},
		"empty event":       {raw: `{"created":"2026-03-14T15:09:26.535Z","event":""}`, want: Observed{Problem: "its event is empty", Created: at}},
		"a number as event": {raw: `{"created":"2026-03-14T15:09:26.535Z","event":7}`, want: Observed{Problem: "its event is not a string", Created: at}},
		"no created":        {raw: `{"event":"org.edit"}`, want: Observed{Problem: "it has no created", Event: "org.edit"}},
		"neither":           {raw: `{}`, want: Observed{Problem: "it has no event"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := ReadRecord([]byte(test.raw))
			if string(got.Raw) != test.raw {
				t.Errorf("raw was changed to %q", got.Raw)
			}
			if unreadable := got.Hash == hashUnreadable([]byte(test.raw)); unreadable != (test.want.Problem != "") {
				t.Errorf("hash over the bytes: %v", unreadable)
			}
			got.Raw, got.Hash, got.content, got.emails = nil, [32]byte{}, nil, nil
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(Observed{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadRecordCreated(t *testing.T) {
	const notRFC = "its created is not a time in RFC 3339"
	tests := map[string]struct {
		created string // JSON
		want    time.Time
		problem string
	}{
		"milliseconds":         {created: `"2026-03-14T15:09:26.535Z"`, want: at},
		"whole seconds":        {created: `"2026-03-14T15:09:26Z"`, want: at.Truncate(time.Second)},
		"nanoseconds":          {created: `"2026-03-14T15:09:26.535000001Z"`, want: at.Add(1)},
		"offset":               {created: `"2026-03-14T16:39:26.535+01:30"`, want: at},
		"zero offset":          {created: `"2026-03-14T15:09:26.535+00:00"`, want: at},
		"small letters":        {created: `"2026-03-14t15:09:26.535z"`, want: at},
		"last instant":         {created: `"9999-12-31T23:59:59.999999999Z"`, want: time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)},
		"first instant":        {created: `"0001-01-01T00:00:00.000000001Z"`, want: time.Time{}.Add(1)},
		"the zero time":        {created: `"0001-01-01T00:00:00Z"`, problem: "its created is out of range"},
		"year 0":               {created: `"0000-06-01T00:00:00Z"`, problem: "its created is out of range"},
		"year 0 by its offset": {created: `"0001-01-01T00:30:00+01:00"`, problem: "its created is out of range"},
		"year 10000 by offset": {created: `"9999-12-31T23:30:00-01:00"`, problem: "its created is out of range"},
		"five-digit year":      {created: `"10000-01-01T00:00:00Z"`, problem: notRFC},
		"no zone":              {created: `"2026-03-14T15:09:26.535"`, problem: notRFC},
		"a date":               {created: `"2026-03-14"`, problem: notRFC},
		"no such day":          {created: `"2026-02-30T00:00:00Z"`, problem: notRFC},
		"empty":                {created: `""`, problem: notRFC},
		"too long":             {created: `"2026-03-14T15:09:26.` + strings.Repeat("5", 100) + `Z"`, problem: "its created is too long for a time"},
		"a number":             {created: `1773500966535`, problem: "its created is not a string"},
		"null":                 {created: `null`, problem: "it has no created"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := ReadRecord([]byte(`{"event":"org.edit","created":` + test.created + `}`))
			if got.Problem != test.problem || !got.Created.Equal(test.want) || got.Created.Location() != time.UTC {
				t.Errorf("got %v, problem %q", got.Created, got.Problem)
			}
		})
	}
}

// A problem is shown in logs and statuses: it must not carry the record there.
func TestProblemQuotesNothing(t *testing.T) {
	for _, raw := range []string{
		`{"event":["hunter2"]}`, `{"event":"e","created":"hunter2"}`, `hunter2`, `"hunter2"`, `{"event":"e"}hunter2`, `{hunter2}`,
	} {
		if o := ReadRecord([]byte(raw)); o.Problem == "" || strings.Contains(o.Problem, "hunter") {
			t.Errorf("%s: %q", raw, o.Problem)
		}
	}
}

// Records made to hurt are read in a linear time; a quadratic one would not end.
func TestHostileNesting(t *testing.T) {
	const head = `{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","content":`
	nest := func(open, shut string, depth int) []byte {
		return []byte(head + strings.Repeat(open, depth) + "1" + strings.Repeat(shut, depth) + "}")
	}
	tests := map[string]struct {
		raw      []byte
		readable bool
	}{
		"arrays that are allowed":  {nest("[", "]", 9_990), true},
		"objects that are allowed": {nest(`{"a":`, "}", 9_990), true},
		"200 000 arrays":           {nest("[", "]", 200_000), false},
		"200 000 objects":          {nest(`{"":`, "}", 200_000), false},
		"never closed":             {bytes.Repeat([]byte("["), 400_000), false},
		"wide and deep":            {[]byte(head + "[" + strings.Repeat(strings.Repeat("[", 60)+strings.Repeat("]", 60)+",", 1_500) + "0]}"), true},
		"nothing but addresses":    {[]byte(head + `"` + strings.Repeat("a@b.cc:", 50_000) + `"}`), true},
		"nothing but @":            {[]byte(head + `"` + strings.Repeat("@", 400_000) + `"}`), true},
		"200 000 digits":           {[]byte(head + `[` + strings.Repeat("7", 200_000) + `]}`), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := ReadRecord(test.raw)
			if readable := o.Problem == ""; readable != test.readable {
				t.Fatalf("problem %q", o.Problem)
			}
			checkEvent(t, Normalise(o, orgSetting()))
		})
	}
}
