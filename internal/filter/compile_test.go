package filter_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
)

func TestCompileNamesEveryBadField(t *testing.T) {
	t.Parallel()
	bad := &eventFilter{
		SourceIds:       []string{"prod", "", "Prod", "a-", strings.Repeat("a", 64)},
		LogTypes:        []snykstreamv1.LogType{0, 2, 9},
		EventNames:      []string{"org.*", "", "org user", "org.?", strings.Repeat("a", 257), "é"},
		Categories:      []snykstreamv1.EventCategory{11, 0},
		UserIds:         []string{"", "u", strings.Repeat("u", 257)},
		OrganizationIds: []string{"o", ""},
		ProjectIds:      []string{""},
		SourceLabels:    map[string]string{"": "x", "team": "", "tier": "1", strings.Repeat("z", 65): ""},
		EventTimeFrom:   &timestamppb.Timestamp{Nanos: -1},
		EventTimeTo:     &timestamppb.Timestamp{Seconds: 1 << 60},
		Origins:         []snykstreamv1.Origin{1, 0, 7},
		Expression:      "record.event",
	}
	wrong := []string{
		"source_ids[1]", "source_ids[2]", "source_ids[3]", "source_ids[4]",
		"log_types[0]", "log_types[2]",
		"origins[1]", "origins[2]",
		"event_time_from", "event_time_to",
		"categories[0]", "categories[1]",
		"event_names[1]", "event_names[2]", "event_names[3]", "event_names[4]", "event_names[5]",
		"user_ids[0]", "user_ids[2]",
		"organization_ids[1]",
		"project_ids[0]",
		`source_labels[""]`, `source_labels["team"]`, `source_labels["` + strings.Repeat("z", 64) + `…"]`,
		"expression",
	}
	var want []string
	for _, path := range []string{"include[1].", "exclude[0]."} {
		for _, field := range wrong {
			want = append(want, path+field)
		}
	}
	_, err := filter.Compile([]*eventFilter{{}, bad}, []*eventFilter{bad}, nil)
	e := invalid(t, err, snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD)
	if diff := cmp.Diff(want, paths(e)); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	for _, f := range e.Fields {
		if f.Description == "" {
			t.Errorf("%s: no description", f.Field)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	const (
		malformed   = snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD
		unsupported = snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED
	)
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(noon.Add(d)) }
	fromNewer := &eventFilter{}
	var newer []byte
	for _, number := range []protowire.Number{99, 100, 99} {
		newer = protowire.AppendVarint(protowire.AppendTag(newer, number, protowire.VarintType), 1)
	}
	fromNewer.ProtoReflect().SetUnknown(newer)

	tests := map[string]struct {
		include, exclude []*eventFilter
		reason           snykstreamv1.ErrorReason
		want             []string
	}{
		"empty in exclude": {
			nil,
			[]*eventFilter{{SourceIds: []string{"a"}}, {}, nil},
			malformed,
			[]string{"exclude[1]", "exclude[2]"},
		},
		"blank expressions": {
			[]*eventFilter{{Expression: " \n"}},
			[]*eventFilter{{Expression: "\t"}},
			malformed,
			[]string{"include[0].expression", "exclude[0].expression"},
		},
		"to before from": {
			[]*eventFilter{{EventTimeFrom: at(1), EventTimeTo: at(0)}},
			nil,
			malformed,
			[]string{"include[0].event_time_to"},
		},
		"to at from": {
			nil,
			[]*eventFilter{{EventTimeFrom: at(0), EventTimeTo: at(0)}},
			malformed,
			[]string{"exclude[0].event_time_to"},
		},
		"expressions": {
			[]*eventFilter{{}, {Expression: "1"}},
			[]*eventFilter{{Expression: "true +"}},
			malformed,
			[]string{"include[1].expression", "exclude[0].expression"},
		},
		"expression and a bad field": {
			[]*eventFilter{{Expression: "1", UserIds: []string{""}}},
			nil,
			malformed,
			[]string{"include[0].user_ids[0]", "include[0].expression"},
		},
		"field of a newer release": {
			[]*eventFilter{fromNewer},
			[]*eventFilter{fromNewer},
			unsupported,
			[]string{"include[0].99", "include[0].100", "exclude[0].99", "exclude[0].100"},
		},
		"too many filters": {
			make([]*eventFilter, 65), make([]*eventFilter, 65),
			malformed,
			[]string{"include", "exclude"},
		},
		"too many values": {
			nil,
			[]*eventFilter{{UserIds: make([]string, 1001)}},
			malformed,
			[]string{"exclude[0].user_ids"},
		},
		"too many labels": {
			[]*eventFilter{{SourceLabels: manyLabels(65)}},
			nil,
			malformed,
			[]string{"include[0].source_labels"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := filter.Compile(test.include, test.exclude, nil)
			if plan != nil {
				t.Error("a plan comes with the error")
			}
			if diff := cmp.Diff(test.want, paths(invalid(t, err, test.reason))); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompileAcceptsLimits(t *testing.T) {
	t.Parallel()
	filters := make([]*eventFilter, 64)
	for i := range filters {
		filters[i] = &eventFilter{
			SourceIds:    []string{"a", "a-1", strings.Repeat("a", 63)},
			EventNames:   []string{strings.Repeat("*", 256), "A-z_0.9"},
			UserIds:      []string{strings.Repeat("é", 256)},
			SourceLabels: manyLabels(64),
		}
	}
	if _, err := filter.Compile(filters, filters, nil); err != nil {
		t.Error(err)
	}
}

func manyLabels(n int) map[string]string {
	out := make(map[string]string, n)
	for i := range n {
		out[strings.Repeat("k", i+1)] = "v"
	}
	return out
}

func invalid(t *testing.T, err error, reason snykstreamv1.ErrorReason) *audit.Error {
	t.Helper()
	var e *audit.Error
	if !errors.As(err, &e) || e.Kind != audit.KindInvalid || e.Reason != reason {
		t.Fatalf("error = %#v, want KindInvalid with %v", err, reason)
	}
	return e
}

func paths(e *audit.Error) []string {
	var out []string
	for _, f := range e.Fields {
		out = append(out, f.Field)
	}
	return out
}
