package filter

import (
	"regexp"
	"testing"

	"cel.dev/cel-go/cel"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// oracleExpressions are asked of events at random, with what they need to be asked
// at all.
var oracleExpressions = []struct {
	text             string
	ofRecord, ofTime bool
}{
	{"true", false, false},
	{`event.source_id == "a" || event.origin == 2`, false, false},
	{`event.log_type == LogType.LOG_TYPE_SNYK_ORG_AUDIT`, false, false},
	{`event.sequence > 4 && event.sequence < 5.5`, false, false},
	{`event.event_time >= timestamp("1970-01-01T00:00:04Z")`, false, true},
	{`has(event.event_time)`, false, true},
	{`has(event.ingest_time) || event.id == ""`, false, false},
	{`event.category == EventCategory.EVENT_CATEGORY_ROLE`, true, false},
	{`event.truncated`, false, false},
	{`size(event.missing_fields) == 1 && event.missing_fields[0] == "user_id"`, false, false},
	{`has(event.names) && event.names.user == "Ann"`, true, false},
	{`event.names.user == "" && !has(event.names.user)`, true, false},
	{`size(event.indicators.usernames) > 0 || event.indicators.emails == []`, true, false},
	{`has(event.org_audit) ? event.org_audit.event == "x" : event.group_audit.event == "y"`, true, false},
	{`has(event.group_audit) && event.group_audit.content.k == 1`, true, false},
	{`event.org_audit.created == timestamp(0) || event.org_audit.content.size() == 0`, true, false},
	{`record.event == "x"`, true, false},
	{`record.user_id.startsWith("u") || record.project_id in ["q", "s"]`, true, false},
	{`record.group_id != "" && record.org_id < "p"`, true, false},
	{`record.created > timestamp("1970-01-01T00:00:03Z")`, true, false},
	{`record.created.getFullYear() == 1970 && record.created.getHours("America/New_York") == 19`, true, false},
	{`has(record.created)`, true, false},
	{`has(record.content)`, true, false},
	{`record.content == {}`, true, false},
	{`record.content.k == "u"`, true, false},
	{`record.content.k != "u"`, true, false},
	{`has(record.content.k) && record.content.k == 1`, true, false},
	{`record.content.n > 1`, true, false},
	{`record.content.n >= 2u || record.content.k == null`, true, false},
	{`record.content.k == 1 || record.content.l == 1`, true, false},
	{`record.content.k == 1 && record.content.l == 1`, true, false},
	{`record.content.o.k == "x" || record.content["o"].n == 2.5`, true, false},
	{`has(record.content.o.k)`, true, false},
	{`record.content.o.o == {"k": 1}`, true, false},
	{`record.content.l[0] == 1 || record.content.l[1] == "x"`, true, false},
	{`record.content.l[0].k == true`, true, false},
	{`record.content.l.exists(i, i == 1)`, true, false},
	{`record.content.l.all(i, i != "x")`, true, false},
	{`record.content.l.exists_one(i, i == null)`, true, false},
	{`record.content.l.filter(i, i == 1 || i == "u").size() == 1`, true, false},
	{`record.content.l.map(i, i == 1) == [true, false]`, true, false},
	{`record.content.exists(key, record.content[key] == "admin")`, true, false},
	{`record.content.all(key, key in ["k", "l", "n"])`, true, false},
	{`1 in record.content.l`, true, false},
	{`"k" in record.content.o`, true, false},
	{`record.content.k in ["u", "x"]`, true, false},
	{`record.content.k in [1, "x", 2.5]`, true, false},
	{`record.content.k in record.content`, true, false},
	{`record.content.k in record.content.l`, true, false},
	{`record.content.k == record.content.l`, true, false},
	{`record.content.o == record.content.l || record.content.o == record.content.o`, true, false},
	{`[record.content.k, 1] == [record.content.l, 1.0]`, true, false},
	{`size(record.content) > 2`, true, false},
	{`size(record.content.k) == 1`, true, false},
	{`record.content.k.matches("^(u|ad)")`, true, false},
	{`record.content.k.contains("d") || record.content.l.endsWith("n")`, true, false},
	{`1 / int(record.content.n) == 1`, true, false},
	{`int(record.content.k) == 1`, true, false},
	{`string(record.content.n) == "1" || bool(record.content.k)`, true, false},
	{`-record.content.n == 1.0`, true, false},
	{`record.content.n + 1.0 == 2.0`, true, false},
	{`record.content.n * 2.0 - 1.0 > 0.0`, true, false},
	{`timestamp(record.content.k) > event.ingest_time`, true, false},
	{`record.content[record.event] == 1`, true, false},
	{`record.content.l[record.content.n] == 1`, true, false},
	{`!record.content.k`, true, false},
	{`dyn(record.content.k) == 1 && double(record.content.n) > 0.5`, true, false},
}

// oracle says what expressions mean: CEL's own evaluation of the decoded event.
type oracle struct {
	programs map[string]cel.Program
	// failed says that an expression could not be evaluated, missed that one asked for
	// what the event does not have.
	failed, missed bool
}

func newOracle(tb testing.TB) *oracle {
	tb.Helper()
	env, err := cel.NewEnv(
		cel.Types(&snykstreamv1.Event{}, &snykstreamv1.OrgAudit{}, &snykstreamv1.Source{}), cel.Container("snykstream.v1"),
		cel.Variable("event", cel.ObjectType("snykstream.v1.Event")), cel.Variable("record", cel.ObjectType("snykstream.v1.OrgAudit")),
		cel.CrossTypeNumericComparisons(true),
	)
	if err != nil {
		tb.Fatal(err)
	}
	o := &oracle{programs: map[string]cel.Program{}}
	for _, x := range oracleExpressions {
		ast, issues := env.Compile(x.text)
		if issues.Err() != nil {
			tb.Fatal(issues.Err())
		}
		if o.programs[x.text], err = env.Program(ast); err != nil {
			tb.Fatal(err)
		}
	}
	return o
}

// missingKinds are errors about what the event has.
var missingKinds = regexp.MustCompile(`^(no such (key|overload)|index (out of bounds|'.*' out of range)|unsupported index|got ')`)

// says is what an expression says of an event, with benefit deciding of events that
// lack what it asks for.
func (o *oracle) says(text string, e *snykstreamv1.Event, benefit bool) bool {
	for _, x := range oracleExpressions {
		if x.text == text && (x.ofRecord && recordOf(e) == nil || x.ofTime && e.GetEventTime() == nil) {
			return benefit
		}
	}
	out, _, err := o.programs[text].Eval(map[string]any{"event": e, "record": recordOf(e)})
	if err != nil {
		if missingKinds.MatchString(err.Error()) {
			o.missed = true
		} else {
			o.failed = true
		}
		return false
	}
	return out.Value() == true
}

// recordOf is the event's record as an organization's, nil where it has none.
func recordOf(e *snykstreamv1.Event) *snykstreamv1.OrgAudit {
	if r := e.GetGroupAudit(); r != nil {
		return &snykstreamv1.OrgAudit{
			GroupId: r.GetGroupId(), OrgId: r.GetOrgId(), UserId: r.GetUserId(), ProjectId: r.GetProjectId(),
			Event: r.GetEvent(), Created: r.GetCreated(), Content: r.GetContent(),
		}
	}
	return e.GetOrgAudit()
}

// named says whether a name is one of those given.
func named(given []string, name string) bool {
	for _, pattern := range given {
		if regexp.MustCompile(`(?s)\A` + regexp.MustCompile(`\\\*`).ReplaceAllString(regexp.QuoteMeta(pattern), ".*") + `\z`).MatchString(name) {
			return true
		}
	}
	return false
}
