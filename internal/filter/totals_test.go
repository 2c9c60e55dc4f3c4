package filter

import (
	"fmt"
	"strings"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// numbered are n names, each with a number in place of #.
func numbered(name string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ReplaceAll(name, "#", fmt.Sprint(i))
	}
	return out
}

func TestStarsOfAnEventName(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{
		"*a*b*c*d*e*f*g*":       true,
		"*a*b*c*d*e*f*g*h*":     false,
		"a*b*c*d*e*f*g*h*i":     true,
		"a*b*c*d*e*f*g*h*i*j":   false,
		strings.Repeat("*", 99): true,
		"**a***b*c*d*e*f*g****": true,
	} {
		_, err := Compile([]*snykstreamv1.EventFilter{{EventNames: []string{"x", name}}}, nil, nil)
		if taken {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if field := onlyField(t, err); field.Field != "include[0].event_names[1]" || !strings.Contains(field.Description, `at most 8 "*"`) {
			t.Errorf("%s: %s: %s", name, field.Field, field.Description)
		}
	}
}

func TestPatternsOfARequest(t *testing.T) {
	t.Parallel()
	include := []*snykstreamv1.EventFilter{{EventNames: numbered("a#*", 400)}, {EventNames: append(numbered("b#*", 300), numbered("c#", 700)...)}}
	exclude := []*snykstreamv1.EventFilter{{EventNames: numbered("d#*", 300)}}
	if _, err := Compile(include, exclude, nil); err != nil {
		t.Fatal(err)
	}
	exclude = append(exclude, &snykstreamv1.EventFilter{EventNames: []string{"x*"}}, &snykstreamv1.EventFilter{EventNames: []string{"y*"}})
	_, err := Compile(include, exclude, nil)
	if field := onlyField(t, err); field.Field != "exclude[1].event_names" ||
		field.Description != `must have fewer patterns (names with "*"): the filters of a request, include and exclude, have at most 1000 together` {
		t.Errorf("%s: %s", field.Field, field.Description)
	}
}

// Every field counts, and those after the one that is too much are not named.
func TestValuesOfARequest(t *testing.T) {
	t.Parallel()
	ids := numbered("#", maxValues)
	include := make([]*snykstreamv1.EventFilter, 15)
	for i := range include {
		include[i] = &snykstreamv1.EventFilter{UserIds: ids, OrganizationIds: ids, ProjectIds: ids, EventNames: ids}
	}
	exclude := []*snykstreamv1.EventFilter{
		{UserIds: ids, OrganizationIds: ids, ProjectIds: ids},
		{
			EventNames: ids[:994], SourceIds: []string{"a"}, LogTypes: []snykstreamv1.LogType{1}, Origins: []snykstreamv1.Origin{1},
			Categories: []snykstreamv1.EventCategory{1}, SourceLabels: map[string]string{"a": "b", "c": "d"},
		},
	}
	if _, err := Compile(include, exclude, nil); err != nil {
		t.Fatal(err)
	}
	for _, more := range []struct {
		field  string
		filter *snykstreamv1.EventFilter
	}{
		{"source_ids", &snykstreamv1.EventFilter{SourceIds: []string{"x"}}},
		{"log_types", &snykstreamv1.EventFilter{LogTypes: []snykstreamv1.LogType{1}}},
		{"origins", &snykstreamv1.EventFilter{Origins: []snykstreamv1.Origin{1}}},
		{"categories", &snykstreamv1.EventFilter{Categories: []snykstreamv1.EventCategory{1}}},
		{"event_names", &snykstreamv1.EventFilter{EventNames: []string{"x"}}},
		{"user_ids", &snykstreamv1.EventFilter{UserIds: []string{"x"}}},
		{"organization_ids", &snykstreamv1.EventFilter{OrganizationIds: []string{"x"}}},
		{"project_ids", &snykstreamv1.EventFilter{ProjectIds: []string{"x"}}},
		{"source_labels", &snykstreamv1.EventFilter{SourceLabels: map[string]string{"x": "y"}}},
	} {
		_, err := Compile(include, append(exclude[:2:2], more.filter, &snykstreamv1.EventFilter{UserIds: []string{"y"}}), nil)
		if field := onlyField(t, err); field.Field != "exclude[2]."+more.field ||
			field.Description != "must have fewer values: the filters of a request, include and exclude, have at most 64000 together" {
			t.Errorf("%s: %s: %s", more.field, field.Field, field.Description)
		}
	}
}

// A stream keeps little of the largest patterns.
func TestPatternsAreCompact(t *testing.T) {
	t.Parallel()
	p := compilePattern("***a***b*")
	if string(p.text) != "*a*b*" || len(p.stars) != 3 || cap(p.stars) > 4 {
		t.Errorf("%s, stars %v of %d", p.text, p.stars, cap(p.stars))
	}
}
