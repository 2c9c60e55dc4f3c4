package filter

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// repeated is a part as often as it fits an expression.
func repeated(part, separator string) string {
	n := (maxExpressionBytes - 8) / (len(part) + len(separator))
	return strings.TrimSuffix(strings.Repeat(part+separator, n), separator)
}

func anyOf(part string) string { return repeated(part, "||") }

// hugeEvent is an event with more content than Snyk is known to send, of every kind
// that an expression could be slow on.
func hugeEvent(tb testing.TB) []byte {
	tb.Helper()
	text := strings.Repeat("a", 200<<10)
	numbers, texts := make([]*structpb.Value, 50_000), make([]*structpb.Value, 300)
	for i := range numbers {
		numbers[i] = structpb.NewNumberValue(float64(i))
	}
	for i := range texts {
		texts[i] = structpb.NewStringValue(strings.Repeat("b", 100))
	}
	many := map[string]*structpb.Value{}
	for i := range 20_000 {
		many[fmt.Sprintf("k%d", i)] = structpb.NewBoolValue(true)
	}
	data, err := proto.Marshal(&snykstreamv1.Event{Id: "e1", SourceId: "prod", Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
		Event: "org.edit",
		Content: &structpb.Struct{Fields: map[string]*structpb.Value{
			"s": structpb.NewStringValue(text), "t": structpb.NewStringValue(text), "mid": structpb.NewStringValue(text[:4000]),
			"n": structpb.NewListValue(&structpb.ListValue{Values: numbers}), "q": structpb.NewListValue(&structpb.ListValue{Values: texts}),
			"m": structpb.NewStructValue(&structpb.Struct{Fields: many}),
		}},
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Expressions that walk through much ask for more than they may cost, and are stopped
// before they have: no step costs more than what was left, and none takes much memory.
func TestHostileExpressionsAreStopped(t *testing.T) {
	event := hugeEvent(t)
	for name, text := range map[string]string{
		"comparing long texts":             anyOf(`record.content.s!=record.content.t`),
		"ordering long texts":              anyOf(`record.content.s<record.content.t`),
		"comparing long lists":             anyOf(`record.content.n!=record.content.n`),
		"comparing large objects":          anyOf(`record.content.m!=record.content.m`),
		"searching a long list":            anyOf(`1e9 in record.content.n`),
		"counting characters":              anyOf(`record.content.s.size()==0`),
		"counting characters of any value": anyOf(`size(record.content.s)==1`),
		"searching long texts":             anyOf(`record.content.s.contains("aaaaab")`),
		"searching for a long text":        anyOf(`record.content.s.contains("` + strings.Repeat("a", 60) + `b")`),
		"matching a long text":             `record.content.s.matches("(a|aa)+$b")`,
		"matching with backtracking":       strings.Repeat(`record.content.mid.matches("(.*a)+b")||`, 20) + "false",
		"reading long numbers":             anyOf(`int(record.content.s)==1`),
		"reading long times":               anyOf(`duration(record.content.s)==duration("1s")`),
		"long texts among constants":       anyOf(`record.content.s in ["a","b"]`),
		"long texts among keys":            anyOf(`record.content.s in record.content.m`),
		"long texts as keys":               anyOf(`record.content.s in {"a":1}`),
		"looping over a long list":         `record.content.n.all(x, x > -1)`,
		"looping over many keys":           `record.content.m.all(k, k != "")`,
		"gathering a long list":            `record.content.n.map(x, x).size() == 0`,
		"filtering a long list":            `record.content.n.filter(x, x == -1).size() == 5`,
		"gathering lists":                  `record.content.n.map(x, [` + strings.TrimSuffix(strings.Repeat("x,", 1500), ",") + `]).size() == 0`,
		"comparing gathered lists":         `record.content.q.map(x, record.content.q) == record.content.q.map(x, record.content.q)`,
		"long texts in a loop":             `record.content.q.all(x, record.content.s == record.content.t)`,
		"matching in a loop":               `record.content.q.all(x, !record.content.s.matches("b"))`,
		"zones in a loop":                  `record.content.q.all(x, record.created.getHours("Europe/Berlin") < 30)`,
		"the same list in a list":          `[record.content.q].all(a, [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a] == [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a])`,
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			m := plan.Matcher()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = m.Match(event)
			runtime.ReadMemStats(&after)
			if !audit.IsKind(err, audit.KindExhausted) {
				t.Errorf("error = %v at a cost of %d", err, maxCost-m.event.meter.left)
			}
			// What is read of content takes 32 bytes a value, and texts are copied: by some
			// operations each time, when built to find races.
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(32*len(event)); got > most {
				t.Errorf("%d bytes were allocated for an event of %d", got, len(event))
			}
		})
	}
}

// A large event alone stops no expression that asks for little.
func TestModestExpressionsOnAHugeEvent(t *testing.T) {
	t.Parallel()
	event := hugeEvent(t)
	for text, most := range map[string]int{
		`record.content.s == "x"`:                                     10,
		`record.content.mid.startsWith("a")`:                          30,
		`record.content.n[5] == 5 && record.content.m.k7 == true`:     10,
		`"k9" in record.content.m && size(record.content.n) == 50000`: 10,
		`record.content.s.contains("b")`:                              1000,
		`record.event.matches("^org\\.") || 1 in record.content.n`:    20,
		`record.content.n.exists(x, x == 20)`:                         300,
		`record.content.mid.matches("(?i)b")`:                         2000,
	} {
		plan, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := plan.Matcher()
		if _, err := m.Match(event); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if cost := maxCost - m.event.meter.left; cost > most {
			t.Errorf("%s costs %d", text, cost)
		}
	}
}

// The expressions of a plan share what they may cost for an event, and an event does
// not pay for the one before.
func TestCostIsForAnEvent(t *testing.T) {
	t.Parallel()
	event := hugeEvent(t)
	half := `record.content.n.map(x, x == 1).size() == 0`
	costOf := func(filters ...*snykstreamv1.EventFilter) (int, error) {
		plan, err := Compile(filters, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := plan.Matcher()
		for range 3 {
			if _, err = m.Match(event); err != nil {
				break
			}
		}
		return maxCost - m.event.meter.left, err
	}
	cheap := &snykstreamv1.EventFilter{Expression: `record.content.q.map(x, x).size() == 0 || record.content.q.map(x, x == "").size() == 1`}
	one, err := costOf(cheap)
	if err != nil || one < maxCost/8 || one > maxCost/2 {
		t.Fatalf("one costs %d, %v", one, err)
	}
	if two, err := costOf(cheap, cheap); two != 2*one || err != nil {
		t.Errorf("two cost %d, %v, want %d", two, err, 2*one)
	}
	if _, err := costOf(cheap, &snykstreamv1.EventFilter{Expression: half}); !audit.IsKind(err, audit.KindExhausted) {
		t.Errorf("error = %v", err)
	}
}

func TestHostileExpressionsAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"too long":                  {`"` + strings.Repeat("x", 4096) + `" == ""`, "at most 4096 bytes"},
		"too long in bytes":         {`"` + strings.Repeat("é", 2048) + `" == ""`, "at most 4096 bytes"},
		"too deep in brackets":      {strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100), "at most 50 deep"},
		"too deep in lists":         {strings.Repeat("[", 2000), "at most 50 deep"},
		"too deep in maps":          {strings.Repeat("{1:", 1000), "at most 50 deep"},
		"too deep in fields":        {"a" + strings.Repeat(".a", 1000) + " == 1", "at most 50 deep"},
		"too deep in sums":          {repeated("1", "+") + "== 1", "at most 50 deep"},
		"nested loops":              {`[1].all(x, [1].all(y, true))`, "nesting limit"},
		"a loop over a loop":        {`[1].map(x, x).all(y, true)`, "nesting limit"},
		"regex from the event":      {`record.event.matches(record.user_id)`, "literal"},
		"regex as a function":       {`matches(record.event, record.user_id)`, "literal"},
		"regex computed":            {`record.event.matches(true ? "a" : "b")`, "literal"},
		"regex that is none":        {`record.event.matches("(")`, "regular expression as RE2"},
		"regex of RE3":              {`record.event.matches("(?=a)")`, "regular expression as RE2"},
		"regex too large":           {`record.event.matches("a{1000}")`, "at most 512 instructions"},
		"regexes too large at once": {anyOf(`record.event.matches("a{30}")`), "at most 512 instructions"},
		"texts joined":              {`record.event + "x" == "x"`, "must not join"},
		"texts joined in a loop":    {`["a"].exists(x, x + x == "aa")`, "must not join"},
		"lists joined":              {`[1] + [2] == [1, 2]`, "must not join"},
		"bytes":                     {`b"a" == b"a"`, "must not use bytes"},
		"bytes of text":             {`bytes("a") == bytes("b")`, "unknown function"},
		"text replaced":             {`record.event.replace("a", "b") == ""`, "unknown function"},
		"texts joined by join":      {`["a"].join(",") == ""`, "unknown function"},
		"text formatted":            {`"%s".format([1]) == ""`, "unknown function"},
		"text split":                {`record.event.split(".").size() == 1`, "unknown function"},
		"types":                     {`type(1) == int`, "unknown function"},
		"messages":                  {`Event{id: "x"}.id == "x"`, "must not make messages"},
		"a message of Google's":     {`google.protobuf.Struct{fields: {}} == {}`, "must not make messages"},
		"the whole event":           {`event == event`, "one of its fields"},
		"the event as any value":    {`dyn(event).id == ""`, "one of its fields"},
		"the record in a list":      {`[record].exists(r, r.event == "")`, "one of its fields"},
		"a record of the event":     {`event.org_audit == event.org_audit`, "one of its fields"},
		"names":                     {`[event.names] == []`, "one of its fields"},
		"costly whatever the event": {`[` + strings.Repeat("1,", 1500) + `1].map(x, x == 1) == []`, "must be cheaper: it costs"},
		"raw bytes":                 {`event.raw_json == ""`, "undefined field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(nil, []*snykstreamv1.EventFilter{{Expression: test.text}}, nil)
			field := onlyField(t, err)
			if field.Field != "exclude[0].expression" || !strings.Contains(field.Description, test.want) || len(field.Description) > 900 {
				t.Errorf("%s: %s, want one with %q", field.Field, field.Description, test.want)
			}
		})
	}
}

// What is joined only at run time is refused then: it is a value of a type that +
// does not take.
func TestJoiningAtRunTimeIsAMiss(t *testing.T) {
	t.Parallel()
	event := hugeEvent(t)
	for _, text := range []string{
		`record.content.s + record.content.t != ""`,
		`record.content.n + record.content.n != []`,
		`dyn([1]) + dyn([2]) == [1, 2]`,
		`[dyn("a")].exists(x, x + x == "aa")`,
	} {
		plan, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := plan.Matcher()
		if passes, err := m.Match(event); passes || err != nil || m.Misses() != 1 {
			t.Errorf("%s: %t, %v, %d misses", text, passes, err, m.Misses())
		}
	}
}

func TestExpressionsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	long := &snykstreamv1.EventFilter{Expression: `record.event == "` + strings.Repeat("x", 4000) + `"`}
	filters := []*snykstreamv1.EventFilter{long, long, long, long}
	if _, err := Compile(filters, nil, nil); err != nil {
		t.Fatal(err)
	}
	_, err := Compile(filters, []*snykstreamv1.EventFilter{{Expression: strings.Repeat(" ", 5000) + "true"}, long}, nil)
	if field := onlyField(t, err); field.Field != "exclude[1].expression" || !strings.Contains(field.Description, "16384 bytes together") {
		t.Errorf("%s: %s", field.Field, field.Description)
	}
}

func onlyField(t *testing.T, err error) audit.FieldProblem {
	t.Helper()
	e, ok := err.(*audit.Error) //nolint:errorlint // Compile returns it as it is
	if !ok || e.Kind != audit.KindInvalid || len(e.Fields) != 1 {
		t.Fatalf("error = %v", err)
	}
	return e.Fields[0]
}
