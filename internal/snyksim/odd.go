package snyksim

import (
	"strings"
	"time"
)

// OddRecords are records as no schema wants them: all have Raw set and lie at
// the instant given. A client must store and deliver each of them.
func OddRecords(at time.Time) []Record {
	created := at.UTC().Truncate(time.Millisecond).Format(milliLayout)
	head := `{"created":"` + created + `","event":"org.edit"`
	bodies := []string{
		`{"created":"` + created + `"}`,                      // no event
		`{"event":"org.edit","org_id":"not-a-uuid"}`,         // no created
		`{"created":"yesterday","event":"org.edit"}`,         // unreadable created
		`{"created":1730000000000,"event":"org.edit"}`,       // created as a number
		`{"created":"` + created + `","event":""}`,           // empty event
		`{"created":"` + created + `","event":["org.edit"]}`, // event as a list
		`null`, `[]`, `"org.edit"`, `42`, `{}`, // not a record at all
		head + `,"org_id":null,"user_id":null,"project_id":null,"content":null}`,                 // nulls
		head + `,"content":"a bare string"}`,                                                     // content as a string
		head + `,"content":[1,2,3]}`,                                                             // content as a list
		head + `,"content":{"n":123456789012345678901234567890,"f":1e400,"z":-0.0}}`,             // big numbers
		head + `,"content":{"":"","a":{"":{"":1}}}}`,                                             // empty names
		head + `,"content":{"a":1,"a":2}}`,                                                       // a name twice
		head + ",\"content\":{\"s\":\"\xff\xfe broken \xc3\"}}",                                  // invalid UTF-8
		head + `,"content":{"s":"\ud800 \u0000 \u2028"}}`,                                        // lone surrogate, NUL
		head + ` , "content" : { "spaced" : true } }`,                                            // insignificant blanks
		head + `,"content":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,         // deep
		head + `,"content":{"big":"` + strings.Repeat("x", 256<<10) + `"}}`,                      // large
		head + `,"surprise":{"new":"member"},"user_id":"` + strings.Repeat("u", 300) + `"}`,      // unknown member, odd id
		`{"created":"` + created + `","event":"org.edit","orgId":"x","userId":"y","content":{}}`, // v1 spelling
	}
	recs := make([]Record, len(bodies))
	for i, b := range bodies {
		recs[i] = Record{Created: at, Event: "org.edit", Raw: b}
	}
	return recs
}

// DeepContent is content nested so deep.
func DeepContent(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

// BigContent is content of so many bytes.
func BigContent(size int) string {
	const frame = `{"big":""}`
	return `{"big":"` + strings.Repeat("x", max(size-len(frame), 0)) + `"}`
}
