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
	for text, want := range map[string]string{
		`secret`:                                    "must be a CEL expression: 1:1: undeclared reference" + fields,
		"true &&\n  record.secret == 1":             "must be a CEL expression: 2:9: undefined field" + fields,
		`event.secret == record.secret`:             "must be a CEL expression: 1:6: undefined field; 1:23: undefined field" + fields,
		`secret("x")`:                               "must be a CEL expression: 1:7: unknown function" + functions,
		"true ||\n  record.event.secret()":          "must be a CEL expression: 2:22: unknown function" + functions,
		`record.event == 1`:                         "must be a CEL expression: 1:14: found no matching overload for '_==_' applied to '(string, int)'",
		`record.event == "secret`:                   "must be a CEL expression: 1:17: syntax error: token recognition error at; 1:24: syntax error: mismatched input",
		`record.event == "a" secret`:                "must be a CEL expression: 1:21: syntax error: extraneous input",
		`timestamp("secret") == record.created`:     "must be a CEL expression: 1:11: invalid timestamp argument",
		`a.a == b.b || c.c == d.d || e.e == f.f`:    "must be a CEL expression: 1:1: undeclared reference; 1:8: undeclared reference; 1:15: undeclared reference; and 3 more" + fields,
		`record.event`:                              "must be of type bool, not string: compare it, such as record.content.x == true",
		`record.content.secret`:                     "must be of type bool, not dyn: compare it, such as record.content.x == true",
		`record.event == "a" || event == event`:     "must not use a message such as event as a value, but one of its fields, as it does at 1:24",
		`record.event.matches("secret(")`:           "must have a regular expression as RE2 knows them in matches, as it does at 1:21",
		`[1, 2].exists(x, record.event.matches(x))`: "must be a CEL expression: 1:38: found no matching overload for 'matches' applied to 'string.(int)'",
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
