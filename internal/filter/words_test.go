package filter

import (
	"strings"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// What is said of an expression names the place, and what would be right, and repeats
// nothing of its text.
func TestWordsOnExpressions(t *testing.T) {
	t.Parallel()
	const fields = "; event has category, event_time, feed, group_audit, id, indicators, inferred_fields, ingest_time, log_type, missing_fields, names, " +
		"org_audit, origin, sequence, source_id, truncated; record has content, created, event, group_id, org_id, project_id, user_id"
	const functions = "; functions are has, size, contains, startsWith, endsWith, matches, all, exists, exists_one, filter, map, int, uint, double, " +
		"string, bool, timestamp, duration, dyn and the parts of times such as getHours"
	const (
		name   = "; texts stand in quotes, and enums are written EventCategory.EVENT_CATEGORY_ROLE"
		enum   = "; texts stand in quotes, numbers do not, and enums are written EventCategory.EVENT_CATEGORY_ROLE"
		times  = `; times are written timestamp("2026-03-01T00:00:00Z")`
		syntax = "; compare with ==, join with && and ||, negate with !, and put texts in quotes"
		unread = "syntax error: this is no sign of CEL, or a text whose quote is not closed"
		unfit  = "syntax error: this does not fit here"
	)
	for text, want := range map[string]string{
		`secret`:                                 "must be a CEL expression: 1:1: undeclared reference" + name + fields,
		"true &&\n  record.secret == 1":          "must be a CEL expression: 2:9: undefined field" + fields,
		`event.secret == record.secret`:          "must be a CEL expression: 1:6: undefined field; 1:23: undefined field" + fields,
		`secret("x")`:                            "must be a CEL expression: 1:7: unknown function" + functions,
		"true ||\n  record.event.secret()":       "must be a CEL expression: 2:22: unknown function" + functions,
		`record.event == 1`:                      "must be a CEL expression: 1:14: found no matching overload for '_==_' applied to '(string, int)'" + enum,
		`record.event == "secret`:                "must be a CEL expression: 1:17: " + unread + "; 1:24: syntax error: the expression ends too early" + syntax,
		`record.event == "a" secret`:             "must be a CEL expression: 1:21: " + unfit + syntax,
		`timestamp("secret") == record.created`:  "must be a CEL expression: 1:11: invalid timestamp argument",
		`a.a == b.b || c.c == d.d || e.e == f.f`: "must be a CEL expression: 1:1: undeclared reference; 1:8: undeclared reference; 1:15: undeclared reference; and 3 more" + name + fields,
		`event.category == "secret"`:             "must be a CEL expression: 1:16: found no matching overload for '_==_' applied to '(int, string)'" + enum,
		`"secret" != event.origin`:               "must be a CEL expression: 1:10: found no matching overload for '_!=_' applied to '(string, int)'" + enum,
		`event.category in ["secret"]`:           "must be a CEL expression: 1:16: found no matching overload for '@in' applied to '(int, list(string))'" + enum,
		`event.event_time > "secret"`:            "must be a CEL expression: 1:18: found no matching overload for '_>_' applied to '(timestamp, string)'" + times,
		`"secret" <= record.created`:             "must be a CEL expression: 1:10: found no matching overload for '_<=_' applied to '(string, timestamp)'" + times,
		`duration("1s") == "secret"`:             "must be a CEL expression: 1:16: found no matching overload for '_==_' applied to '(duration, string)'; durations are written duration(\"1h\")",
		`1 + "secret" == 2`:                      "must be a CEL expression: 1:3: found no matching overload for '_+_' applied to '(int, string)'",
		`record.event = "secret"`:                "must be a CEL expression: 1:14: " + unread + "; 1:16: " + unfit + syntax,
		`record.event == "a" and secret`:         "must be a CEL expression: 1:21: " + unfit + syntax,
		`record.event like "secret"`:             "must be a CEL expression: 1:14: " + unfit + syntax,
		`secret or secret`:                       "must be a CEL expression: 1:8: " + unfit + syntax,
		`not secret`:                             "must be a CEL expression: 1:5: " + unfit + syntax,
		`(secret`:                                "must be a CEL expression: 1:8: syntax error: something such as a bracket is missing here" + syntax,
		`secret.in`:                              "must be a CEL expression: 1:8: " + unfit + "; 1:10: syntax error: the expression ends too early" + syntax,
		`record.event.secret == "a"`:             "must be a CEL expression: 1:13: a value of this type has no fields",
		`record.event.all(secret, true)`:         "must be a CEL expression: 1:7: a loop goes over a list or a map alone",
		`for`:                                    "must be a CEL expression: 1:1: a word that CEL reserves is no name",
		`record.event.matches("secret{1001}")`: "must have smaller regular expressions: their programs are at most 512 instructions together; " +
			"repeats such as {2,5} count upwards to at most 1000, those in each other multiplied (at 1:21)",
		`record.event.matches("` + strings.Repeat("(", 1001) + strings.Repeat(")", 1001) + `")`: "must have smaller regular expressions: " +
			"their programs are at most 512 instructions together (at 1:21)",
		strings.Repeat("(", 51) + "secret" + strings.Repeat(")", 51): "must be a CEL expression: this is too deep: the parts of an expression lie at most 50 deep in each other",
		"secret" + strings.Repeat("+ 1", 51):                         "must be a CEL expression: this is too deep: the parts of an expression lie at most 50 deep in each other",
		`record.event`:                                               "must be of type bool, not string: compare it, such as record.content.x == true",
		`record.content.secret`:                                      "must be of type bool, not dyn: compare it, such as record.content.x == true",
		`record.event == "a" || event == event`:                      "must not use a message such as event as a value, but one of its fields (at 1:24)",
		`record.event.matches("secret(")`:                            "must have a regular expression as RE2 knows them in matches: missing closing ) (at 1:21)",
		`[1, 2].exists(x, record.event.matches(x))`:                  "must be a CEL expression: 1:38: found no matching overload for 'matches' applied to 'string.(int)'",
	} {
		_, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil)
		got := onlyField(t, err).Description
		if got != want {
			t.Errorf("%s:\n%s, want\n%s", text, got, want)
		}
		if strings.Contains(got, "secret") {
			t.Errorf("%s: the text is repeated", text)
		}
	}
}
