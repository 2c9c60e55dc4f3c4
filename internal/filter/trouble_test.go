package filter

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Each way in which CEL is said to tell of a miss is one in which it does.
func TestCELTellsOfMissesSo(t *testing.T) {
	t.Parallel()
	event, err := proto.Marshal(&snykstreamv1.Event{Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
		Event: "x", Content: &structpb.Struct{Fields: map[string]*structpb.Value{"text": structpb.NewStringValue("a"), "number": structpb.NewNumberValue(7)}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, text := range []string{
		`record.content.nothing == 1`,
		`record.content.text > 1`,
		`["a"][int(record.content.number)] == "a"`,
		`["a"].map(x, x)[record.content.number] == "a"`,
		`["a"][dyn("a")] == "a"`,
		`record.content.text.all(x, true)`,
		`int(dyn([1])) == 1`,
		`string(dyn(null)) == ""`,
		`bool(record.content.number)`,
		`timestamp(dyn(true)) == record.created`,
	} {
		plan, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		e := &plan.Matcher().event
		if err := e.read(event, plan.need); err != nil {
			t.Fatal(err)
		}
		program, err := plan.expressions[0].program(&e.meter)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = program.Eval(e)
		if err == nil {
			t.Errorf("%s: no error", text)
			continue
		}
		i := slices.IndexFunc(missing, func(begin string) bool { return strings.HasPrefix(err.Error(), begin) })
		if i < 0 {
			t.Errorf("%s: %v is not known", text, err)
			continue
		}
		said[missing[i]] = true
	}
	for _, begin := range missing {
		if !said[begin] {
			t.Errorf("no error begins with %q", begin)
		}
	}
}
