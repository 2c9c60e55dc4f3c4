package filter_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/filter"
)

var (
	docEvents   = regexp.MustCompile("(?s)```events\n(.*?)```")
	docExamples = regexp.MustCompile("(?s)```(json|cel)\n(.*?)```\n\n(?:Lets through: (.*?)\\.\n)?")
	docNames    = regexp.MustCompile("`([^`]+)`")
)

// Every filter and expression of docs/filters.md lets those events of the page
// through that it says.
func TestTheExamplesOfThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	events := pageEvents(t, page)
	examples := docExamples.FindAllStringSubmatch(string(page), -1)
	if len(examples) < 13 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		kind, text := example[1], example[2]
		if example[3] == "" {
			t.Errorf("nothing is said of\n%s", text)
			continue
		}
		request := &snykstreamv1.StreamEventsRequest{Include: []*eventFilter{{Expression: text}}}
		if kind == "json" {
			request.Reset()
			if err := protojson.Unmarshal([]byte(text), request); err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
		}
		plan, err := filter.Compile(request.GetInclude(), request.GetExclude(), nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		var want, got []string
		for _, name := range docNames.FindAllStringSubmatch(example[3], -1) {
			want = append(want, name[1])
		}
		m := plan.Matcher()
		for name, event := range events {
			passes, err := m.Match(encoded(t, event))
			if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, text)
			}
			if passes {
				got = append(got, name)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("passes (-page +got):\n%sof\n%s", diff, text)
		}
	}
}

func pageEvents(t *testing.T, page []byte) map[string]*snykstreamv1.Event {
	t.Helper()
	found := docEvents.FindSubmatch(page)
	if found == nil {
		t.Fatal("the page has no events")
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(found[1], &raw); err != nil {
		t.Fatal(err)
	}
	events := map[string]*snykstreamv1.Event{}
	for name, text := range raw {
		events[name] = &snykstreamv1.Event{}
		if err := protojson.Unmarshal(text, events[name]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return events
}

// The expressions that the page shows in its text compile.
func TestTheExpressionsInThePagesText(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	text := docExamples.ReplaceAllString(docEvents.ReplaceAllString(string(page), ""), "")
	n := 0
	for _, quoted := range docNames.FindAllStringSubmatch(text, -1) {
		expression := quoted[1]
		if !strings.Contains(expression, "record.") || !strings.ContainsAny(expression, "=<>") || strings.Contains(expression, "…") {
			continue
		}
		n++
		if _, err := filter.Compile([]*eventFilter{{Expression: expression}}, nil, nil); err != nil {
			t.Errorf("%s: %v", expression, err)
		}
	}
	if n < 5 {
		t.Errorf("%d expressions", n)
	}
}
