package filter

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// TestMatchLikeTheOracle compares plans with the meaning as the package comment
// tells it, written down a second time over the decoded event: without plans, facts
// or verdicts, and with expressions evaluated by CEL alone.
func TestMatchLikeTheOracle(t *testing.T) {
	t.Parallel()
	o := newOracle(t)
	rapid.Check(t, func(t *rapid.T) {
		include := rapid.SliceOfN(filters(), 0, 3).Draw(t, "include")
		exclude := rapid.SliceOfN(filters().Filter(notEmpty), 0, 2).Draw(t, "exclude")
		plan, err := Compile(include, exclude, oracleLabels)
		if err != nil {
			t.Fatal(err)
		}
		m := plan.Matcher()
		for _, event := range rapid.SliceOfN(events(), 1, 3).Draw(t, "events") {
			data, err := proto.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			o.compare(t, m, [2][]*snykstreamv1.EventFilter{include, exclude}, data)
		}
	})
}

// FuzzMatch holds that what a plan makes of the bytes of an event is what the oracle
// makes of the decoded event.
func FuzzMatch(f *testing.F) {
	o := newOracle(f)
	for i := range 20 {
		data, err := proto.Marshal(events().Example(i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(i), data)
		f.Add(uint16(i), append(data, data...))
	}
	plans := make([]*Plan, len(oracleExpressions))
	lists := make([][2][]*snykstreamv1.EventFilter, len(plans))
	for i, x := range oracleExpressions {
		lists[i] = [2][]*snykstreamv1.EventFilter{
			{
				{Expression: x.text, UserIds: []string{"U", "v"}},
				{Categories: []snykstreamv1.EventCategory{1}, EventTimeFrom: instant(3), LogTypes: []snykstreamv1.LogType{2}},
				{Expression: x.text, EventNames: []string{"x*", "y"}},
				{Expression: x.text, Origins: []snykstreamv1.Origin{1}},
			},
			{{SourceIds: []string{"b"}, OrganizationIds: []string{"P"}}, {Expression: oracleExpressions[len(plans)-1-i].text}},
		}
		var err error
		if plans[i], err = Compile(lists[i][0], lists[i][1], oracleLabels); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, seed uint16, data []byte) {
		var event snykstreamv1.Event
		if proto.Unmarshal(data, &event) == nil {
			i := int(seed) % len(plans)
			o.compare(t, plans[i].Matcher(), lists[i], data)
		}
	})
}

func oracleLabels(source string) map[string]string {
	return map[string]map[string]string{"a": {"k": "1", "l": "2"}, "b": {"k": "2"}}[source]
}

// failer is a test, of testing or of rapid.
type failer interface {
	Fatalf(format string, args ...any)
}

// compare holds that the matcher says of an event what the oracle says.
func (o *oracle) compare(t failer, m *Matcher, lists [2][]*snykstreamv1.EventFilter, data []byte) {
	include, exclude := lists[0], lists[1]
	var event snykstreamv1.Event
	if err := proto.Unmarshal(data, &event); err != nil {
		t.Fatalf("%v", err)
	}
	before := m.Misses()
	got, err := m.Judge(data)
	if audit.IsKind(err, audit.KindExhausted) {
		return // the oracle knows no limits
	}
	o.failed, o.missed = false, false
	want := Judgement{Included: len(include) == 0}
	for _, f := range plainFirst(include) {
		if want.Included || o.failed {
			break
		}
		want.Included = o.fits(f, &event, true)
	}
	want.Passes = want.Included
	for _, f := range plainFirst(exclude) {
		if !want.Passes || o.failed {
			break
		}
		want.Passes = !o.fits(f, &event, false)
	}
	if o.failed {
		if !audit.IsKind(err, audit.KindPrecondition) {
			t.Fatalf("Judge = %+v, %v, want an error", got, err)
		}
		return
	}
	if got != want || err != nil {
		t.Fatalf("Judge = %+v, %v, want %+v of %v by %v without %v", got, err, want, &event, include, exclude)
	}
	if missed := m.Misses() != before; missed != o.missed {
		t.Fatalf("missed = %t, want %t of %v by %v without %v", missed, o.missed, &event, include, exclude)
	}
}

// plainFirst are the filters in the order in which they are asked.
func plainFirst(filters []*snykstreamv1.EventFilter) []*snykstreamv1.EventFilter {
	ordered := slices.Clone(filters)
	slices.SortStableFunc(ordered, func(a, b *snykstreamv1.EventFilter) int {
		return min(len(a.GetExpression()), 1) - min(len(b.GetExpression()), 1)
	})
	return ordered
}

// fits says whether the filter fits, its expression asked last.
func (o *oracle) fits(f *snykstreamv1.EventFilter, e *snykstreamv1.Event, benefit bool) bool {
	if !fitsPlainly(f, e, oracleLabels, true) {
		return false
	}
	if f.GetExpression() != "" && !o.says(f.GetExpression(), e, benefit) {
		return false
	}
	return fitsPlainly(f, e, oracleLabels, benefit)
}

// fitsPlainly says whether the filter fits, with benefit deciding for fields that
// the event lacks.
func fitsPlainly(f *snykstreamv1.EventFilter, e *snykstreamv1.Event, labels Labels, benefit bool) bool {
	org := recordOf(e)
	onRecord := func(ok bool) bool {
		if org == nil {
			return benefit
		}
		return ok
	}
	onTime := func(ok bool) bool {
		if e.GetEventTime() == nil {
			return benefit
		}
		return ok
	}
	if len(f.SourceIds) > 0 && !slices.Contains(f.SourceIds, e.SourceId) ||
		len(f.LogTypes) > 0 && !slices.Contains(f.LogTypes, e.LogType) ||
		len(f.Origins) > 0 && !slices.Contains(f.Origins, e.Origin) ||
		len(f.EventNames) > 0 && !onRecord(named(f.EventNames, org.GetEvent())) ||
		len(f.Categories) > 0 && !onRecord(slices.Contains(f.Categories, e.Category)) ||
		len(f.UserIds) > 0 && !onRecord(slices.Contains(lowerCase(f.UserIds), strings.ToLower(org.GetUserId()))) ||
		len(f.OrganizationIds) > 0 && !onRecord(slices.Contains(lowerCase(f.OrganizationIds), strings.ToLower(org.GetOrgId()))) ||
		len(f.ProjectIds) > 0 && !onRecord(slices.Contains(lowerCase(f.ProjectIds), strings.ToLower(org.GetProjectId()))) ||
		f.EventTimeFrom != nil && !onTime(!e.EventTime.AsTime().Before(f.EventTimeFrom.AsTime())) ||
		f.EventTimeTo != nil && !onTime(e.EventTime.AsTime().Before(f.EventTimeTo.AsTime())) {
		return false
	}
	for key, value := range f.SourceLabels {
		if got, ok := labels(e.SourceId)[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func notEmpty(f *snykstreamv1.EventFilter) bool { return len(f.String()) > 0 }

// few draws up to two of the values, most often none, so that events often fit.
func few[T any](values ...T) *rapid.Generator[[]T] {
	return rapid.OneOf(rapid.Just([]T(nil)), rapid.SliceOfN(rapid.SampledFrom(values), 0, 2))
}

func filters() *rapid.Generator[*snykstreamv1.EventFilter] {
	return rapid.Custom(func(t *rapid.T) *snykstreamv1.EventFilter {
		f := &snykstreamv1.EventFilter{
			SourceIds:       few("a", "b").Draw(t, "sources"),
			LogTypes:        few[snykstreamv1.LogType](1, 2).Draw(t, "log types"),
			Origins:         few[snykstreamv1.Origin](1, 2).Draw(t, "origins"),
			EventNames:      few("x", "y", "x*", "*z").Draw(t, "names"),
			Categories:      few[snykstreamv1.EventCategory](1, 2).Draw(t, "categories"),
			UserIds:         few("u", "V").Draw(t, "users"),
			OrganizationIds: few("o", "p").Draw(t, "organizations"),
			ProjectIds:      few("q", "r").Draw(t, "projects"),
		}
		if rapid.IntRange(0, 3).Draw(t, "labelled") == 0 {
			f.SourceLabels = rapid.MapOfN(rapid.SampledFrom([]string{"k", "l"}), rapid.SampledFrom([]string{"1", "2"}), 1, 2).Draw(t, "labels")
		}
		if rapid.IntRange(0, 2).Draw(t, "with expression") == 0 {
			f.Expression = rapid.SampledFrom(oracleExpressions).Draw(t, "expression").text
		}
		if rapid.IntRange(0, 3).Draw(t, "from") == 0 {
			f.EventTimeFrom = instant(rapid.IntRange(0, 3).Draw(t, "start"))
		}
		if rapid.IntRange(0, 3).Draw(t, "to") == 0 {
			f.EventTimeTo = instant(rapid.IntRange(4, 6).Draw(t, "end"))
		}
		return f
	})
}

func events() *rapid.Generator[*snykstreamv1.Event] {
	return rapid.Custom(func(t *rapid.T) *snykstreamv1.Event {
		e := &snykstreamv1.Event{
			SourceId: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "source"),
			LogType:  snykstreamv1.LogType(rapid.IntRange(1, 2).Draw(t, "log type")),
			Origin:   snykstreamv1.Origin(rapid.IntRange(1, 2).Draw(t, "origin")),
		}
		if rapid.IntRange(0, 4).Draw(t, "timed") > 0 {
			e.EventTime = instant(rapid.IntRange(0, 7).Draw(t, "at"))
		}
		if rapid.IntRange(0, 4).Draw(t, "readable") > 0 {
			e.Category = snykstreamv1.EventCategory(rapid.IntRange(1, 2).Draw(t, "category"))
			org := &snykstreamv1.OrgAudit{
				Event:     rapid.SampledFrom([]string{"x", "y", "xz"}).Draw(t, "name"),
				UserId:    rapid.SampledFrom([]string{"", "u", "v", "U", "é", "É"}).Draw(t, "user"),
				OrgId:     rapid.SampledFrom([]string{"o", "p"}).Draw(t, "organization"),
				ProjectId: rapid.SampledFrom([]string{"", "q", "r"}).Draw(t, "project"),
				GroupId:   rapid.SampledFrom([]string{"", "g"}).Draw(t, "group"),
			}
			if rapid.Bool().Draw(t, "created") {
				org.Created = instant(4)
			}
			if rapid.IntRange(0, 3).Draw(t, "with content") > 0 {
				org.Content = &structpb.Struct{Fields: members(2).Draw(t, "content")}
			}
			e.Record = &snykstreamv1.Event_OrgAudit{OrgAudit: org}
			if rapid.Bool().Draw(t, "of the group") {
				e.Record = &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{
					Event: org.Event, UserId: org.UserId, OrgId: org.OrgId, ProjectId: org.ProjectId, GroupId: org.GroupId,
					Created: org.Created, Content: org.Content,
				}}
			}
			e.Names = rapid.SampledFrom([]*snykstreamv1.Names{nil, {}, {User: "Ann"}}).Draw(t, "names")
			e.MissingFields = few("group_id", "user_id").Draw(t, "missing")
		}
		e.Sequence = rapid.Uint64Range(0, 9).Draw(t, "sequence")
		e.Truncated = rapid.Bool().Draw(t, "truncated")
		return e
	})
}

// members draws the members of an object, of a few keys, so that expressions often
// find what they ask for, of any type.
func members(depth int) *rapid.Generator[map[string]*structpb.Value] {
	return rapid.MapOfN(rapid.SampledFrom([]string{"k", "l", "n", "o", ""}), values(depth), 0, 5)
}

func values(depth int) *rapid.Generator[*structpb.Value] {
	return rapid.Custom(func(t *rapid.T) *structpb.Value {
		most := 6
		if depth == 0 {
			most = 3
		}
		switch rapid.IntRange(0, most).Draw(t, "kind") {
		case 0:
			return structpb.NewNullValue()
		case 1:
			return structpb.NewBoolValue(rapid.Bool().Draw(t, "bool"))
		case 2:
			return structpb.NewNumberValue(rapid.SampledFrom([]float64{0, 1, 2.5, -1}).Draw(t, "number"))
		case 3:
			return structpb.NewStringValue(rapid.SampledFrom([]string{"", "u", "x", "admin"}).Draw(t, "text"))
		case 4, 5:
			return structpb.NewStructValue(&structpb.Struct{Fields: members(depth-1).Draw(t, "object")})
		}
		return structpb.NewListValue(&structpb.ListValue{Values: rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list")})
	})
}

func instant(s int) *timestamppb.Timestamp {
	return timestamppb.New(time.Unix(int64(s), 0))
}
