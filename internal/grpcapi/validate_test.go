package grpcapi

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// later marks the problem of what this release does not build.
const later = "NOT YET: "

// problemsOf validates a request and returns what is said of each field.
func problemsOf(t *testing.T, request proto.Message) map[string]string {
	t.Helper()
	validator, err := NewValidator(func() time.Time { return testTime })
	if err != nil {
		t.Fatal(err)
	}
	err = validator.Validate(request)
	if err == nil {
		return map[string]string{}
	}
	bad, ok := errors.AsType[*audit.Error](err)
	if !ok || bad.Kind != audit.KindInvalid {
		t.Fatalf("got %v, want an *audit.Error of KindInvalid", err)
	}
	got := map[string]string{}
	for _, field := range bad.Fields {
		if _, twice := got[field.Field]; twice {
			t.Errorf("%s is named twice", field.Field)
		}
		text := field.Description
		if field.Reason == snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED {
			text = later + text
		}
		got[field.Field] = text
	}
	return got
}

type badRequestCase struct {
	request proto.Message
	want    map[string]string
}

func checkProblems(t *testing.T, cases map[string]badRequestCase) {
	t.Helper()
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if test.want == nil {
				test.want = map[string]string{}
			}
			if diff := cmp.Diff(test.want, problemsOf(t, test.request)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateOtherRequests(t *testing.T) {
	filters := &snykstreamv1.ListSourcesRequest{Labels: map[string]string{"a": "b"}}
	state := "must be one of SOURCE_STATE_PENDING, SOURCE_STATE_BACKFILLING, SOURCE_STATE_HEALTHY, SOURCE_STATE_LAGGING, " +
		"SOURCE_STATE_RATE_LIMITED, SOURCE_STATE_DEGRADED, SOURCE_STATE_AUTH_FAILED, SOURCE_STATE_NOT_ENTITLED, SOURCE_STATE_PAUSED, got "
	unknown := &snykstreamv1.UpdateSourceRequest{Source: &snykstreamv1.Source{Id: "a", Snyk: &snykstreamv1.SnykConfig{}}}
	unknown.GetSource().GetSnyk().ProtoReflect().SetUnknown([]byte{0x48, 0x01, 0x48, 0x02}) // field 9, twice
	ignored := proto.CloneOf(unknown)
	ignored.Source.Snyk, ignored.Source.Status = nil, &snykstreamv1.SourceStatus{Feeds: []*snykstreamv1.FeedStatus{{}}}
	ignored.GetSource().GetStatus().GetFeeds()[0].ProtoReflect().SetUnknown([]byte{0x98, 0x06, 0x01}) // field 99
	checkProblems(t, map[string]badRequestCase{
		"cover nothing":  {&snykstreamv1.GetCoverageRequest{}, map[string]string{"source_id": "is required"}},
		"get nothing":    {&snykstreamv1.GetSourceRequest{}, map[string]string{"source_id": "is required"}},
		"delete nothing": {&snykstreamv1.DeleteSourceRequest{}, map[string]string{"source_id": "is required"}},
		"no schema":      {&snykstreamv1.GetSchemaRequest{}, map[string]string{"name": "is required"}},
		"page too small": {&snykstreamv1.ListSourcesRequest{PageSize: -1}, map[string]string{"page_size": "must be 0 to 1000, got -1"}},
		"page too large": {&snykstreamv1.ListSourcesRequest{PageSize: 1001}, map[string]string{"page_size": "must be 0 to 1000, got 1001"}},
		"no token":       {&snykstreamv1.ListSourcesRequest{PageToken: "?"}, map[string]string{"page_token": errPageToken.Error()}},
		"no id inside":   {&snykstreamv1.ListSourcesRequest{PageToken: pageToken(&snykstreamv1.ListSourcesRequest{}, "NO ID")}, map[string]string{"page_token": errPageToken.Error()}},
		"its token":      {&snykstreamv1.ListSourcesRequest{PageToken: pageToken(&snykstreamv1.ListSourcesRequest{}, "a")}, nil},
		"another's":      {&snykstreamv1.ListSourcesRequest{PageToken: pageToken(filters, "a")}, map[string]string{"page_token": errPageTokenOther.Error()}},
		"odd states": {&snykstreamv1.ListSourcesRequest{States: []snykstreamv1.SourceState{0, 3, 77}}, map[string]string{
			"states[0]": state + "0", "states[2]": state + "77",
		}},
		"check nothing": {&snykstreamv1.ValidateCredentialsRequest{}, map[string]string{"source_id": "set exactly one of source_id and snyk"}},
		"check both": {
			&snykstreamv1.ValidateCredentialsRequest{SourceId: "a", Snyk: aSource().GetSnyk(), Credentials: aToken()},
			map[string]string{"source_id": "set exactly one of source_id and snyk"},
		},
		"check without credentials": {
			&snykstreamv1.ValidateCredentialsRequest{Snyk: aSource().GetSnyk()},
			map[string]string{"credentials": "credentials are required with snyk"},
		},
		"check a group": {
			&snykstreamv1.ValidateCredentialsRequest{Snyk: &snykstreamv1.SnykConfig{GroupId: groupID}, Credentials: aToken()}, nil,
		},
		"check what is nothing": {
			&snykstreamv1.ValidateCredentialsRequest{Snyk: &snykstreamv1.SnykConfig{AllOrganizations: new(true)}, Credentials: apiToken(" ")},
			map[string]string{
				"snyk.group_id": "is required by all_organizations and by LOG_TYPE_SNYK_GROUP_AUDIT: the UUID of the group, " +
					"or in organization_id that of an organization of the group, from which it is found",
				"credentials.api_token": "must not be empty",
			},
		},
		"check stored":                     {&snykstreamv1.ValidateCredentialsRequest{SourceId: "a"}, nil},
		"unknown field in what is ignored": {ignored, nil},
		"unknown field":                    {unknown, map[string]string{"source.snyk.9": later + "is a field that this release does not know"}},
		"filters": {
			&snykstreamv1.StreamEventsRequest{
				Include: []*snykstreamv1.EventFilter{{EventNames: []string{"org.*", "a b"}}}, MaxBatchSize: -1,
				Exclude: []*snykstreamv1.EventFilter{{}, {EventTimeFrom: timestamppb.New(testTime), EventTimeTo: timestamppb.New(testTime)}},
			},
			map[string]string{
				"include[0].event_names[1]": patternTexts["^[A-Za-z0-9_.*-]+$"], "max_batch_size": "must be 0 to 1000, got -1",
				"exclude[0]":               "must set a field: an empty filter would exclude everything",
				"exclude[1].event_time_to": "event_time_to must be after event_time_from",
			},
		},
		"expressions": {
			&snykstreamv1.StreamEventsRequest{
				Include: []*snykstreamv1.EventFilter{{Expression: "true &&"}}, HeartbeatInterval: durationpb.New(time.Hour),
			},
			map[string]string{
				"include[0].expression": "must be a CEL expression: 1:8: syntax error: the expression ends too early; compare with ==, join with && and ||, negate with !, and put texts in quotes",
				"heartbeat_interval":    "must be 1s to 5m, got 1h",
			},
		},
		"all kinds of garbage in filters": {
			&snykstreamv1.StreamEventsRequest{
				Include: []*snykstreamv1.EventFilter{{
					SourceIds: []string{"UP"}, LogTypes: []snykstreamv1.LogType{0}, UserIds: []string{""},
					SourceLabels: map[string]string{"": "v"},
				}},
				Start: &snykstreamv1.StreamEventsRequest_ResumeToken{},
			},
			map[string]string{
				"include[0].source_ids[0]": idText, "include[0].user_ids[0]": "must not be empty",
				"include[0].log_types[0]":      "must be one of LOG_TYPE_SNYK_GROUP_AUDIT, LOG_TYPE_SNYK_ORG_AUDIT, got 0",
				`include[0].source_labels[""]`: "the key must not be empty", "resume_token": "must not be empty",
			},
		},
	})
}

// Nothing that a caller sent as text comes back: it may be a secret in the wrong
// field.
func TestProblemsDoNotRepeatTexts(t *testing.T) {
	const misplaced = "snyk_uat.misplaced secret\n"
	for name, request := range map[string]proto.Message{
		"create": &snykstreamv1.CreateSourceRequest{
			SourceId: misplaced, Credentials: apiToken(misplaced + "x"),
			Source: &snykstreamv1.Source{
				Id: misplaced, DisplayName: misplaced, Labels: map[string]string{"": misplaced},
				Snyk: &snykstreamv1.SnykConfig{OrganizationId: misplaced, GroupId: misplaced},
			},
		},
		"update": &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{Id: "a"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{misplaced}},
		},
		"list": &snykstreamv1.ListSourcesRequest{PageToken: misplaced},
		"stream": &snykstreamv1.StreamEventsRequest{Include: []*snykstreamv1.EventFilter{{
			SourceIds: []string{misplaced}, EventNames: []string{misplaced}, Expression: misplaced,
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			problems := problemsOf(t, request)
			if len(problems) == 0 {
				t.Fatal("nothing is wrong")
			}
			for field, text := range problems {
				if strings.Contains(field+text, "misplaced") {
					t.Errorf("%s: %s", field, text)
				}
			}
		})
	}
}
