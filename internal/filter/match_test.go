package filter_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/filter"
)

type eventFilter = snykstreamv1.EventFilter

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// roleEdit is an event with every field that a filter can name.
func roleEdit() *snykstreamv1.Event {
	return &snykstreamv1.Event{
		SourceId: "prod", LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT,
		EventTime: timestamppb.New(noon), Origin: snykstreamv1.Origin_ORIGIN_LIVE,
		Category: snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE,
		Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
			OrgId: "o1", UserId: "u1", ProjectId: "p1", Event: "org.user.role.edit",
		}},
	}
}

// groupCreate is a group's event that concerns no project and nobody.
func groupCreate() *snykstreamv1.Event {
	return &snykstreamv1.Event{
		SourceId: "lab", LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT,
		EventTime: timestamppb.New(noon.Add(time.Hour)), Origin: snykstreamv1.Origin_ORIGIN_LATE,
		Category: snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
		Record: &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{
			GroupId: "g1", OrgId: "o2", Event: "group.create",
		}},
	}
}

// unreadable is an event without a record, and without a time.
func unreadable() *snykstreamv1.Event {
	return &snykstreamv1.Event{
		SourceId: "prod", LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT,
		Origin: snykstreamv1.Origin_ORIGIN_LIVE, RawJson: "[]",
	}
}

// nameless is an event without a record whose time could be read.
func nameless() *snykstreamv1.Event {
	e := unreadable()
	e.EventTime = timestamppb.New(noon)
	return e
}

func labels(source string) map[string]string {
	return map[string]map[string]string{
		"prod": {"team": "red", "tier": "1"},
		"lab":  {"team": "blue"},
	}[source]
}

func encoded(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// match asks a plan about an event as it is stored.
func match(t *testing.T, plan *filter.Plan, event *snykstreamv1.Event) bool {
	t.Helper()
	passes, err := plan.Matcher().Match(encoded(t, event))
	if err != nil {
		t.Fatal(err)
	}
	return passes
}

func TestMatch(t *testing.T) {
	t.Parallel()
	const (
		role  = snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE
		other = snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER
		org   = snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT
		group = snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT
	)
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(noon.Add(d)) }
	list := func(f ...*eventFilter) []*eventFilter { return f }

	// want tells who passes: roleEdit, groupCreate, unreadable, nameless.
	tests := map[string]struct {
		include, exclude []*eventFilter
		want             [4]bool
	}{
		"no filter":        {nil, nil, [4]bool{true, true, true, true}},
		"empty in include": {list(&eventFilter{}), nil, [4]bool{true, true, true, true}},

		"source":           {list(&eventFilter{SourceIds: []string{"prod"}}), nil, [4]bool{true, false, true, true}},
		"one of sources":   {list(&eventFilter{SourceIds: []string{"x", "prod", "lab"}}), nil, [4]bool{true, true, true, true}},
		"no such source":   {list(&eventFilter{SourceIds: []string{"pro"}}), nil, [4]bool{}},
		"log type":         {list(&eventFilter{LogTypes: []snykstreamv1.LogType{group}}), nil, [4]bool{false, true, false, false}},
		"origin":           {list(&eventFilter{Origins: []snykstreamv1.Origin{snykstreamv1.Origin_ORIGIN_LATE}}), nil, [4]bool{false, true, false, false}},
		"label":            {list(&eventFilter{SourceLabels: map[string]string{"team": "red"}}), nil, [4]bool{true, false, true, true}},
		"all labels":       {list(&eventFilter{SourceLabels: map[string]string{"team": "blue", "tier": "1"}}), nil, [4]bool{}},
		"unknown label":    {list(&eventFilter{SourceLabels: map[string]string{"zone": "x"}}), nil, [4]bool{}},
		"from, inclusive":  {list(&eventFilter{EventTimeFrom: at(0)}), nil, [4]bool{true, true, true, true}},
		"from, after":      {list(&eventFilter{EventTimeFrom: at(1)}), nil, [4]bool{false, true, true, false}},
		"to, exclusive":    {list(&eventFilter{EventTimeTo: at(0)}), nil, [4]bool{false, false, true, false}},
		"to, after":        {list(&eventFilter{EventTimeTo: at(1)}), nil, [4]bool{true, false, true, true}},
		"from and to":      {list(&eventFilter{EventTimeFrom: at(1), EventTimeTo: at(time.Hour)}), nil, [4]bool{false, false, true, false}},
		"exact name":       {list(&eventFilter{EventNames: []string{"group.create"}}), nil, [4]bool{false, true, true, true}},
		"pattern":          {list(&eventFilter{EventNames: []string{"org.*.edit"}}), nil, [4]bool{true, false, true, true}},
		"pattern or exact": {list(&eventFilter{EventNames: []string{"*.role.*", "group.create"}}), nil, [4]bool{true, true, true, true}},
		"category":         {list(&eventFilter{Categories: []snykstreamv1.EventCategory{other}}), nil, [4]bool{false, true, true, true}},
		"user":             {list(&eventFilter{UserIds: []string{"u1"}}), nil, [4]bool{true, false, true, true}},
		"user, capitals":   {list(&eventFilter{UserIds: []string{"U1"}}), nil, [4]bool{true, false, true, true}},
		"organization":     {list(&eventFilter{OrganizationIds: []string{"o2"}}), nil, [4]bool{false, true, true, true}},
		"project":          {list(&eventFilter{ProjectIds: []string{"p1", "p2"}}), nil, [4]bool{true, false, true, true}},

		"and within, all fit": {
			list(&eventFilter{SourceIds: []string{"prod"}, UserIds: []string{"u1"}, Categories: []snykstreamv1.EventCategory{role}}),
			nil,
			[4]bool{true, false, true, true},
		},
		"and within, one fails": {
			list(&eventFilter{SourceIds: []string{"prod"}, UserIds: []string{"u2"}}),
			nil,
			[4]bool{false, false, true, true},
		},
		"a failing source tops an unknown name": {
			list(&eventFilter{SourceIds: []string{"lab"}, EventNames: []string{"*"}}),
			nil,
			[4]bool{false, true, false, false},
		},
		"or between": {
			list(&eventFilter{UserIds: []string{"u1"}}, &eventFilter{SourceIds: []string{"lab"}}),
			nil,
			[4]bool{true, true, true, true},
		},

		"exclude by source":   {nil, list(&eventFilter{SourceIds: []string{"prod"}}), [4]bool{false, true, false, false}},
		"exclude by log type": {nil, list(&eventFilter{LogTypes: []snykstreamv1.LogType{org}}), [4]bool{false, true, false, false}},
		"exclude by label":    {nil, list(&eventFilter{SourceLabels: map[string]string{"tier": "1"}}), [4]bool{false, true, false, false}},
		"exclude by name":     {nil, list(&eventFilter{EventNames: []string{"*"}}), [4]bool{false, false, true, true}},
		"exclude by category": {nil, list(&eventFilter{Categories: []snykstreamv1.EventCategory{role, other}}), [4]bool{false, false, true, true}},
		"exclude by time":     {nil, list(&eventFilter{EventTimeFrom: at(-1)}), [4]bool{false, false, true, false}},
		"exclude by source and name": {
			nil, list(&eventFilter{SourceIds: []string{"prod"}, EventNames: []string{"*"}}),
			[4]bool{false, true, true, true},
		},
		"exclude any of two": {
			nil, list(&eventFilter{UserIds: []string{"u1"}}, &eventFilter{OrganizationIds: []string{"o2"}}),
			[4]bool{false, false, true, true},
		},
		"exclude takes from include": {
			list(&eventFilter{EventNames: []string{"*"}}),
			list(&eventFilter{SourceIds: []string{"lab"}}),
			[4]bool{true, false, true, true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := filter.Compile(test.include, test.exclude, labels)
			if err != nil {
				t.Fatal(err)
			}
			for i, event := range []*snykstreamv1.Event{roleEdit(), groupCreate(), unreadable(), nameless()} {
				if got := match(t, plan, event); got != test.want[i] {
					t.Errorf("Match(%v) = %t, want %t", event, got, test.want[i])
				}
			}
		})
	}
}

func TestMatchAsksLabelsAnew(t *testing.T) {
	t.Parallel()
	team := "red"
	plan, err := filter.Compile([]*eventFilter{{SourceLabels: map[string]string{"team": "red"}}}, nil,
		func(string) map[string]string { return map[string]string{"team": team} })
	if err != nil {
		t.Fatal(err)
	}
	if !match(t, plan, roleEdit()) {
		t.Error("an event of a source with the label does not pass")
	}
	team = "blue"
	if match(t, plan, roleEdit()) {
		t.Error("an event passes by a label that its source no longer has")
	}
}

func TestMatchWithoutLabels(t *testing.T) {
	t.Parallel()
	plan, err := filter.Compile([]*eventFilter{{SourceLabels: map[string]string{"team": "red"}}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if match(t, plan, roleEdit()) {
		t.Error("an event passes by a label though no source has any")
	}
}
