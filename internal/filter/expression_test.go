package filter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
	"github.com/snykstream/snykstream/internal/wire"
)

// withContent is roleEdit with content.
func withContent(tb testing.TB) *snykstreamv1.Event {
	tb.Helper()
	content, err := structpb.NewStruct(map[string]any{
		"role": "admin", "count": 3, "list": []any{"a", 1}, "none": nil, "object": map[string]any{"deep": true}, "when": "yesterday",
	})
	if err != nil {
		tb.Fatal(err)
	}
	e := roleEdit()
	e.Id = "e1"
	e.GetOrgAudit().Content = content
	return e
}

// matcher compiles one filter of include.
func matcher(tb testing.TB, f *eventFilter) *filter.Matcher {
	tb.Helper()
	plan, err := filter.Compile([]*eventFilter{f}, nil, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return plan.Matcher()
}

// What the event does not have, or has of another type, is no match in include and
// in exclude alike, and counted.
func TestMissesAreNoMatch(t *testing.T) {
	t.Parallel()
	event := encoded(t, withContent(t))
	for name, expression := range map[string]string{
		"a missing key":                   `record.content.nothing == 1`,
		"a missing key, not equal":        `record.content.nothing != 1`,
		"a missing key, negated":          `!(record.content.nothing == 1)`,
		"a missing key of an object":      `record.content.object.nothing == 1`,
		"a key of a missing object":       `has(record.content.nothing.deep)`,
		"a key of a text":                 `record.content.role.deep == 1`,
		"a key of null":                   `record.content["none"].deep == 1`,
		"a key in brackets":               `record.content["nothing"] == 1`,
		"a key from the event":            `record.content[record.event] == 1`,
		"an index beyond the list":        `record.content.list[2] == 1`,
		"an index below the list":         `record.content.list[-1] == 1`,
		"an index of a text":              `record.content.role[0] == "a"`,
		"a list's key":                    `record.content.list["a"] == 1`,
		"a list's broken index":           `record.content.list[0.5] == 1`,
		"an index of a literal":           `["a", "b"][int(record.content.count)] == "a"`,
		"a key of a literal":              `{"a": 1}[record.event] == 1`,
		"a text for a number":             `record.content.role > 3`,
		"a number for a text":             `record.content.count.startsWith("3")`,
		"a list for a text":               `record.content.list.contains("a")`,
		"a text for a list":               `record.content.role.exists(r, r == "a")`,
		"a number for an object":          `record.content.count.all(k, true)`,
		"a bool for a number":             `record.content.object.deep + 1 == 2`,
		"a number for a bool":             `record.content.count || false`,
		"a number for a condition":        `record.content.count ? true : true`,
		"no length":                       `size(record.content.count) == 1`,
		"nothing in a text":               `"a" in record.content.role`,
		"no number in a list":             `int(record.content.list) == 1`,
		"no regex on a number":            `record.content.count.matches("3")`,
		"an integer to add to a double":   `record.content.count + 1 == 4`,
		"no time":                         `timestamp(record.content.object) > record.created`,
		"no hours of a text":              `record.content.role.getHours() == 1`,
		"a negated text":                  `-record.content.role == 1`,
		"a text that cannot be negated":   `!record.content.role`,
		"one of both sides, neither true": `record.content.nothing == 1 || record.event == "x"`,
	} {
		m := matcher(t, &eventFilter{Expression: expression})
		if passes, err := m.Match(event); passes || err != nil || m.Misses() != 1 {
			t.Errorf("%s: include %t, %v, %d misses", name, passes, err, m.Misses())
		}
		plan, err := filter.Compile(nil, []*eventFilter{{Expression: expression}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m = plan.Matcher()
		if passes, err := m.Match(event); !passes || err != nil || m.Misses() != 1 {
			t.Errorf("%s: exclude %t, %v, %d misses", name, passes, err, m.Misses())
		}
	}
}

// Where CEL needs no value that is missing, nothing is missed.
func TestWhatIsNotAskedIsNotMissed(t *testing.T) {
	t.Parallel()
	event := encoded(t, withContent(t))
	for expression, want := range map[string]bool{
		`record.content.nothing == 1 || record.event == "org.user.role.edit"`: true,
		`record.event == "org.user.role.edit" || record.content.nothing == 1`: true,
		`record.content.nothing == 1 && record.event == "x"`:                  false,
		`has(record.content.nothing) && record.content.nothing == 1`:          false,
		`has(record.content.none)`:                                            true,
		`record.content.role == 1`:                                            false,
		`record.content.role != 1`:                                            true,
		`record.content["none"] == null`:                                      true,
		`record.content.count == 3 && record.content.count < 3.5`:             true,
		`record.content.list == ["a", 1]`:                                     true,
		`event.id == "e1" && event.sequence == 0`:                             true,
	} {
		m := matcher(t, &eventFilter{Expression: expression})
		if passes, err := m.Match(event); passes != want || err != nil || m.Misses() != 0 {
			t.Errorf("%s: %t, %v, %d misses", expression, passes, err, m.Misses())
		}
	}
}

// An event counts once, however many expressions miss something of it.
func TestMissesAreCountedByEvent(t *testing.T) {
	t.Parallel()
	filters := []*eventFilter{{Expression: `record.content.a == 1`}, {Expression: `record.content.b == 1`}}
	plan, err := filter.Compile(filters, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := plan.Matcher()
	for range 3 {
		if passes, err := m.Match(encoded(t, withContent(t))); passes || err != nil {
			t.Fatalf("%t, %v", passes, err)
		}
	}
	if _, err := m.Match(encoded(t, unreadable())); err != nil {
		t.Fatal(err)
	}
	if m.Misses() != 3 || plan.Matcher().Misses() != 0 {
		t.Errorf("%d misses, %d of another matcher", m.Misses(), plan.Matcher().Misses())
	}
}

func TestExpressionsThatFail(t *testing.T) {
	t.Parallel()
	event := encoded(t, withContent(t))
	for expression, want := range map[string]string{
		`1 / (int(record.content.count) - 3) == 1`:                  "include[0].expression cannot be evaluated for an event: division by zero at 1:3",
		`1 % (int(record.content.count) - 3) == 1`:                  "include[0].expression cannot be evaluated for an event: modulus by zero at 1:3",
		`int(record.content.count) + 9223372036854775807 == 1`:      "include[0].expression cannot be evaluated for an event: integer overflow at 1:27",
		"true &&\n timestamp(record.content.when) > record.created": "include[0].expression cannot be evaluated for an event: a value cannot be converted at 2:11",
		`int(record.content.when) == 1`:                             "include[0].expression cannot be evaluated for an event: a value cannot be converted at 1:4",
		`record.created.getHours(record.content.when) == 1`:         "include[0].expression cannot be evaluated for an event: a value cannot be converted at 1:24",
	} {
		m := matcher(t, &eventFilter{Expression: expression})
		passes, err := m.Match(event)
		e, ok := errors.AsType[*audit.Error](err)
		if !ok || passes || e.Kind != audit.KindPrecondition || e.Reason != snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_FAILED {
			t.Errorf("%s: %t, %v", expression, passes, err)
			continue
		}
		if err.Error() != want {
			t.Errorf("%s:\n%s, want\n%s", expression, err, want)
		}
		if diff := cmp.Diff(map[string]string{"filter": "include[0].expression", "event_id": "e1", "source_id": "prod"}, e.Metadata); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(err.Error(), "yesterday") {
			t.Errorf("%s: the error shows a value of the event", expression)
		}
	}
}

func TestExpressionsThatCostTooMuch(t *testing.T) {
	t.Parallel()
	event := withContent(t)
	long := make([]any, 30_000)
	for i := range long {
		long[i] = i
	}
	list, err := structpb.NewList(long)
	if err != nil {
		t.Fatal(err)
	}
	event.GetOrgAudit().Content.Fields["list"] = structpb.NewListValue(list)
	plan, err := filter.Compile(nil, []*eventFilter{{SourceIds: []string{"x"}}, {Expression: `record.content.list.exists(i, i == -1)`}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := plan.Matcher()
	judged, err := m.Judge(encoded(t, event))
	e, ok := errors.AsType[*audit.Error](err)
	if !ok || judged != (filter.Judgement{}) || e.Kind != audit.KindExhausted || e.Reason != snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_COST || e.RetryAfter != 0 {
		t.Fatalf("%+v, %v", judged, err)
	}
	if diff := cmp.Diff(map[string]string{"filter": "exclude[1].expression", "event_id": "e1", "source_id": "prod"}, e.Metadata); diff != "" {
		t.Error(diff)
	}
	if passes, err := m.Match(encoded(t, withContent(t))); !passes || err != nil {
		t.Errorf("the next event: %t, %v", passes, err)
	}
}

func TestDamagedEvents(t *testing.T) {
	t.Parallel()
	record := func(content []byte) []byte {
		data := protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), content)
		return protowire.AppendBytes(protowire.AppendTag(nil, 8, protowire.BytesType), data)
	}
	for name, test := range map[string]struct {
		event      []byte
		expression string
	}{
		"the event":              {[]byte{0x0a}, `event.id == ""`},
		"the record":             {[]byte{0x42, 2, 0x2a, 5}, `record.event == ""`},
		"content":                {record([]byte{0x0a, 5}), `record.content.a == 1`},
		"an entry":               {record([]byte{0x0a, 2, 0x0a, 5}), `record.content.a == 1 || true`},
		"an entry's value":       {record([]byte{0x0a, 4, 0x0a, 0, 0x12, 5}), `record.content[""] == 1`},
		"a value":                {record([]byte{0x0a, 6, 0x0a, 0, 0x12, 2, 0x1a, 5}), `record.content[""] == 1`},
		"a list":                 {record([]byte{0x0a, 8, 0x0a, 0, 0x12, 4, 0x32, 2, 0x0a, 5}), `size(record.content[""]) == 1`},
		"an odd value":           {record([]byte{0x0a, 8, 0x0a, 0, 0x12, 4, 0x20, 1, 0x1a, 5}), `record.content[""] == 1`},
		"a field seldom asked":   {[]byte{0x5a, 1, 0x0a}, `event.truncated`},
		"a record nobody asks":   {[]byte{0x42, 1, 0x0a, 0x0a}, `event.id == ""`},
		"what is left of a name": {[]byte{0x0a, 3, 'a'}, `event.id == ""`},
	} {
		m := matcher(t, &eventFilter{Expression: test.expression})
		if passes, err := m.Match(test.event); passes || !errors.Is(err, wire.ErrDamaged) {
			t.Errorf("%s: %t, %v", name, passes, err)
		}
		if passes, err := m.Match(encoded(t, withContent(t))); err != nil && !errors.As(err, new(*audit.Error)) {
			t.Errorf("%s: the next event: %t, %v", name, passes, err)
		}
	}
}

// An event without a record passes what asks for its record, and is not taken away by
// it. What asks for the event alone is evaluated.
func TestExpressionsOnEventsWithoutARecord(t *testing.T) {
	t.Parallel()
	timeless, timed := encoded(t, unreadable()), encoded(t, nameless())
	for _, test := range []struct {
		expression                       string
		timelessIncluded, timelessPasses bool
		timedIncluded, timedPasses       bool
	}{
		{`record.event == "x"`, true, true, true, true},
		{`record.content.x == 1`, true, true, true, true},
		{`event.source_id == "x" && record.event == "x"`, true, true, true, true},
		{`has(event.org_audit)`, true, true, true, true},
		{`event.group_audit.event == "x"`, true, true, true, true},
		{`event.category == EventCategory.EVENT_CATEGORY_ROLE`, true, true, true, true},
		{`has(event.names)`, true, true, true, true},
		{`"u" in event.indicators.usernames`, true, true, true, true},
		{`event.source_id == "prod"`, true, false, true, false},
		{`event.source_id == "x"`, false, true, false, true},
		{`event.event_time > timestamp("2027-01-01T00:00:00Z")`, true, true, false, true},
		{`has(event.event_time)`, true, true, true, false},
		{`event.origin == Origin.ORIGIN_LIVE && event.log_type == LogType.LOG_TYPE_SNYK_ORG_AUDIT`, true, false, true, false},
		{`size(event.missing_fields) == 0 && !event.truncated`, true, false, true, false},
	} {
		f := []*eventFilter{{Expression: test.expression}}
		included, err := filter.Compile(f, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		excluded, err := filter.Compile(nil, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]struct {
			event []byte
			want  [2]bool
		}{
			"without a time": {timeless, [2]bool{test.timelessIncluded, test.timelessPasses}},
			"with a time":    {timed, [2]bool{test.timedIncluded, test.timedPasses}},
		} {
			first, err1 := included.Matcher().Match(want.event)
			second, err2 := excluded.Matcher().Match(want.event)
			if got := [2]bool{first, second}; got != want.want || err1 != nil || err2 != nil {
				t.Errorf("%s, %s: %v, %v, %v", test.expression, name, got, err1, err2)
			}
		}
	}
}

// Structured fields decide first, and filters without an expression before others:
// an expression that fails is not asked where they have settled it.
func TestExpressionsAreAskedLast(t *testing.T) {
	t.Parallel()
	event := encoded(t, withContent(t))
	const fails = `1 / 0 == 1`
	for name, test := range map[string]struct {
		include, exclude []*eventFilter
		want             filter.Judgement
	}{
		"another field fails":      {[]*eventFilter{{Expression: fails, SourceIds: []string{"x"}}}, nil, filter.Judgement{}},
		"another filter fits":      {[]*eventFilter{{Expression: fails}, {SourceIds: []string{"prod"}}}, nil, filter.Judgement{Included: true, Passes: true}},
		"include fails":            {[]*eventFilter{{SourceIds: []string{"x"}}}, []*eventFilter{{Expression: fails}}, filter.Judgement{}},
		"another exclude has it":   {nil, []*eventFilter{{Expression: fails}, {UserIds: []string{"u1"}}}, filter.Judgement{Included: true}},
		"the first of expressions": {[]*eventFilter{{Expression: "true"}, {Expression: fails}}, nil, filter.Judgement{Included: true, Passes: true}},
	} {
		plan, err := filter.Compile(test.include, test.exclude, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := plan.Matcher().Judge(event); got != test.want || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	plan, err := filter.Compile(
		[]*eventFilter{{SourceIds: []string{"prod"}}},
		[]*eventFilter{{EventNames: []string{"org.*"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := plan.Matcher()
	for name, test := range map[string]struct {
		event *snykstreamv1.Event
		want  filter.Judgement
	}{
		"included and excluded": {roleEdit(), filter.Judgement{Included: true}},
		"neither":               {groupCreate(), filter.Judgement{}},
		"included alone":        {unreadable(), filter.Judgement{Included: true, Passes: true}},
	} {
		if got, err := m.Judge(encoded(t, test.event)); got != test.want || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if plan.All() {
		t.Error("a plan with filters lets all through")
	}
	everything, err := filter.Compile(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := everything.Matcher().Judge([]byte("damaged")); !everything.All() || got != (filter.Judgement{Included: true, Passes: true}) || err != nil {
		t.Errorf("no filter: %+v, %v", got, err)
	}
}

// A plan is shared by the streams of several goroutines, each with a matcher.
func TestMatchersBesideEachOther(t *testing.T) {
	t.Parallel()
	plan, err := filter.Compile([]*eventFilter{{Expression: `record.content.list.exists(i, i == 1) && record.content.role == "admin" && !(record.content.count < "x")`}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			m, event := plan.Matcher(), encoded(t, withContent(t))
			for range 100 {
				if passes, err := m.Match(event); passes || err != nil {
					t.Fatalf("%t, %v", passes, err)
				}
			}
			if m.Misses() != 100 {
				t.Errorf("%d misses", m.Misses())
			}
		})
	}
}

func TestUnderstood(t *testing.T) {
	t.Parallel()
	include := []*eventFilter{
		{
			SourceIds: []string{"prod", "lab", "prod"}, LogTypes: []snykstreamv1.LogType{2, 1, 2}, EventNames: []string{"org.*", "a", "org.*", "A"},
			Categories: []snykstreamv1.EventCategory{3, 1}, UserIds: []string{"U2", "u1", "u2"}, OrganizationIds: []string{"É", "é"},
			ProjectIds: []string{"P"}, SourceLabels: map[string]string{"Team": "Red"}, Expression: "\n record.event == \"x\" ",
			EventTimeFrom: timestamppb.New(noon), Origins: []snykstreamv1.Origin{2, 1},
		},
		{},
	}
	exclude := []*eventFilter{{EventTimeTo: timestamppb.New(noon)}}
	plan, err := filter.Compile(include, exclude, nil)
	if err != nil {
		t.Fatal(err)
	}
	gotInclude, gotExclude := plan.Understood()
	want := []*eventFilter{
		{
			SourceIds: []string{"lab", "prod"}, LogTypes: []snykstreamv1.LogType{1, 2}, EventNames: []string{"A", "a", "org.*"},
			Categories: []snykstreamv1.EventCategory{1, 3}, UserIds: []string{"u1", "u2"}, OrganizationIds: []string{"é"},
			ProjectIds: []string{"p"}, SourceLabels: map[string]string{"Team": "Red"}, Expression: `record.event == "x"`,
			EventTimeFrom: timestamppb.New(noon), Origins: []snykstreamv1.Origin{1, 2},
		},
		{},
	}
	if diff := cmp.Diff(want, gotInclude, protocmp.Transform()); diff != "" {
		t.Errorf("include (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(exclude, gotExclude, protocmp.Transform()); diff != "" {
		t.Errorf("exclude (-want +got):\n%s", diff)
	}
	// A field that is added to EventFilter is understood too.
	fields := (*snykstreamv1.EventFilter)(nil).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); !gotInclude[0].ProtoReflect().Has(field) && !gotExclude[0].ProtoReflect().Has(field) {
			t.Errorf("%s is not told", field.Name())
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	event := wire.Event(encoded(t, stored(t)))
	for name, f := range map[string]*eventFilter{
		"structured fields": {
			SourceIds: []string{"prod", "a", "b", "c", "d"}, EventNames: []string{"a.*", "org.*.edit"}, UserIds: []string{"2A2ED60E-5d5a-4a4a-9d2c-1d7a2c9d5a11"},
			Categories: []snykstreamv1.EventCategory{2}, EventTimeFrom: timestamppb.New(noon), Origins: []snykstreamv1.Origin{1},
		},
		"a field of the record": {Expression: `record.event == "org.user.role.edit"`},
		"a key of content":      {Expression: `has(record.content.after)`},
	} {
		m := matcher(t, f)
		if n := testing.AllocsPerRun(100, func() { _, _ = m.Match(event) }); n > 2 || n > 0 && f.Expression == "" {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
