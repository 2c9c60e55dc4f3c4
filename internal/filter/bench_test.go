package filter_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/filter"
	"github.com/snykstream/snykstream/internal/wire"
)

// stored is an event as the journal mostly holds them: some 900 bytes.
func stored(tb testing.TB) *snykstreamv1.Event {
	tb.Helper()
	content, err := structpb.NewStruct(map[string]any{
		"userPublicId": "5b2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11",
		"email":        "someone@example.com",
		"before":       map[string]any{"role": "Org Collaborator", "rolePublicId": "4b2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11"},
		"after":        map[string]any{"role": "Org Admin", "rolePublicId": "9b2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11"},
		"attempts":     3.0,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return &snykstreamv1.Event{
		Id: "Yk0xZ0l4a1d1c2VyLnJvbGUuZWRpdA0123456789abc", SourceId: "prod", LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT,
		EventTime: timestamppb.New(noon.Add(123456789)), IngestTime: timestamppb.New(noon.Add(2 * time.Second)),
		Category: snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE,
		Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
			GroupId: "0a2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11", OrgId: "1a2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11",
			UserId: "2a2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11", ProjectId: "3a2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11",
			Event: "org.user.role.edit", Created: timestamppb.New(noon.Add(123456789)), Content: content,
		}},
		MissingFields: []string{"group_id"}, InferredFields: []string{"group_id"},
		Indicators: &snykstreamv1.Indicators{Usernames: []string{"2a2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11"}, Emails: []string{"someone@example.com"}},
		Names:      &snykstreamv1.Names{Organization: "Payments", Group: "Example", User: "Ann", TargetUser: "Ben"},
		Sequence:   123456, Feed: "org/1a2ed60e-5d5a-4a4a-9d2c-1d7a2c9d5a11", Origin: snykstreamv1.Origin_ORIGIN_LIVE,
	}
}

func BenchmarkMatch(b *testing.B) {
	event := wire.Event(encoded(b, stored(b)))
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("%08x-5d5a-4a4a-9d2c-1d7a2c9d5a11", i)
	}
	for _, bench := range []struct {
		name   string
		filter *eventFilter
	}{
		{"source", &eventFilter{SourceIds: []string{"prod"}}},
		{"name", &eventFilter{EventNames: []string{"org.user.role.edit"}}},
		{"pattern and sources", &eventFilter{EventNames: []string{"org.user.role.*"}, SourceIds: []string{"lab", "prod"}}},
		{"five patterns", &eventFilter{EventNames: []string{"a.*", "b.*.c", "*.d", "org.*.delete", "*.role.*"}}},
		{"1000 users", &eventFilter{UserIds: many}},
		{"time", &eventFilter{EventTimeFrom: timestamppb.New(noon), EventTimeTo: timestamppb.New(noon.Add(time.Hour))}},
		{"expression on a field", &eventFilter{Expression: `record.event == "org.user.role.edit"`}},
		{"expression on content", &eventFilter{Expression: `record.content.after.role == "Org Admin"`}},
		{
			"expression of four conditions",
			&eventFilter{Expression: `record.event.startsWith("org.") && has(record.content.after) && record.content.after.role.matches("(?i)admin") && record.content.attempts > 2`},
		},
		{"name, then expression that is not asked", &eventFilter{EventNames: []string{"x"}, Expression: `record.content.after.role == "Org Admin"`}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			plan, err := filter.Compile([]*eventFilter{bench.filter}, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			m := plan.Matcher()
			b.ReportAllocs()
			b.SetBytes(int64(len(event)))
			for b.Loop() {
				if _, err := m.Match(event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("decoding alone", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(event)))
		for b.Loop() {
			var e snykstreamv1.Event
			if err := proto.Unmarshal(event, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for name, text := range map[string]string{
		"short": `record.content.after.role == "Org Admin"`,
		"long":  `record.event in ["a", "b", "c"] && (has(record.content.after) ? record.content.after.role.matches("(?i)admin") : record.content.attempts > 2) || event.names.user == "x"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan, err := filter.Compile([]*eventFilter{{Expression: text}}, nil, nil)
				if err != nil {
					b.Fatal(err)
				}
				plan.Matcher()
			}
		})
	}
}
