package filter

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// TestMatchLikeTheOracle compares plans with the meaning as the package comment
// tells it, written down a second time without plans, facts or verdicts.
func TestMatchLikeTheOracle(t *testing.T) {
	t.Parallel()
	labels := func(source string) map[string]string {
		return map[string]map[string]string{"a": {"k": "1", "l": "2"}, "b": {"k": "2"}}[source]
	}
	rapid.Check(t, func(t *rapid.T) {
		include := rapid.SliceOfN(filters(), 0, 3).Draw(t, "include")
		exclude := rapid.SliceOfN(filters().Filter(notEmpty), 0, 2).Draw(t, "exclude")
		plan, err := Compile(include, exclude, labels)
		if err != nil {
			t.Fatal(err)
		}
		event := events().Draw(t, "event")
		want := len(include) == 0
		for _, f := range include {
			want = want || fitsPlainly(f, event, labels, true)
		}
		for _, f := range exclude {
			want = want && !fitsPlainly(f, event, labels, false)
		}
		data, err := proto.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := plan.Matcher().Match(data); got != want || err != nil {
			t.Errorf("Match = %t, %v, want %t", got, err, want)
		}
	})
}

// fitsPlainly says whether the filter fits, with benefit deciding for fields that
// the event lacks.
func fitsPlainly(f *snykstreamv1.EventFilter, e *snykstreamv1.Event, labels Labels, benefit bool) bool {
	org := e.GetOrgAudit()
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
		len(f.EventNames) > 0 && !onRecord(slices.Contains(f.EventNames, org.GetEvent())) ||
		len(f.Categories) > 0 && !onRecord(slices.Contains(f.Categories, e.Category)) ||
		len(f.UserIds) > 0 && !onRecord(slices.Contains(f.UserIds, org.GetUserId())) ||
		len(f.OrganizationIds) > 0 && !onRecord(slices.Contains(f.OrganizationIds, org.GetOrgId())) ||
		len(f.ProjectIds) > 0 && !onRecord(slices.Contains(f.ProjectIds, org.GetProjectId())) ||
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
			EventNames:      few("x", "y").Draw(t, "names"),
			Categories:      few[snykstreamv1.EventCategory](1, 2).Draw(t, "categories"),
			UserIds:         few("u", "v").Draw(t, "users"),
			OrganizationIds: few("o", "p").Draw(t, "organizations"),
			ProjectIds:      few("q", "r").Draw(t, "projects"),
		}
		if rapid.IntRange(0, 3).Draw(t, "labelled") == 0 {
			f.SourceLabels = rapid.MapOfN(rapid.SampledFrom([]string{"k", "l"}), rapid.SampledFrom([]string{"1", "2"}), 1, 2).Draw(t, "labels")
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
			e.Record = &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
				Event:     rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name"),
				UserId:    rapid.SampledFrom([]string{"", "u", "v"}).Draw(t, "user"),
				OrgId:     rapid.SampledFrom([]string{"o", "p"}).Draw(t, "organization"),
				ProjectId: rapid.SampledFrom([]string{"", "q", "r"}).Draw(t, "project"),
			}}
		}
		return e
	})
}

func instant(s int) *timestamppb.Timestamp {
	return timestamppb.New(time.Unix(int64(s), 0))
}
