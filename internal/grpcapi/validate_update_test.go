package grpcapi

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

func TestValidateUpdateSource(t *testing.T) {
	bad := func(paths ...string) *snykstreamv1.UpdateSourceRequest {
		return &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{
				Id: "a", DisplayName: strings.Repeat("x", 101), Labels: map[string]string{"": "x"},
				Snyk: &snykstreamv1.SnykConfig{
					PollInterval: durationpb.New(1), LogTypes: []snykstreamv1.LogType{7}, CollectFrom: timestamppb.New(testTime.Add(time.Hour)),
				},
			},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
		}
	}
	all := map[string]string{
		"source.display_name": "must have 1 to 100 characters, got 101", `source.labels[""]`: "must have a key of 1 to 63 characters, got 0",
		"source.snyk.poll_interval": "must be 5s to 24h, got 1ns",
		"source.snyk.log_types[0]":  "must be one of LOG_TYPE_SNYK_GROUP_AUDIT, LOG_TYPE_SNYK_ORG_AUDIT, got 7",
		"source.snyk.collect_from":  "must not be in the future, got 2025-11-22T13:00:00Z",
	}
	only := func(fields ...string) map[string]string {
		some := map[string]string{}
		for _, field := range fields {
			some[field] = all[field]
		}
		return some
	}
	paths := ": paths are display_name, labels, paused, drop_off_alarm.disabled, drop_off_alarm.threshold, snyk.log_types, " +
		"snyk.all_organizations, snyk.include_api_access, snyk.collect_from, snyk.poll_interval, *, drop_off_alarm, snyk"
	mask := func(paths ...string) *snykstreamv1.UpdateSourceRequest {
		return &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{Id: "a"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
		}
	}
	checkProblems(t, map[string]badRequestCase{
		"nothing":         {&snykstreamv1.UpdateSourceRequest{}, map[string]string{"source": "is required"}},
		"nobody":          {&snykstreamv1.UpdateSourceRequest{Source: &snykstreamv1.Source{}}, map[string]string{"source.id": "is required: it names the source to change"}},
		"no change":       {mask(), nil},
		"no mask":         {bad(), all},
		"all of it":       {bad("*"), all},
		"all of snyk":     {bad("snyk"), only("source.snyk.poll_interval", "source.snyk.log_types[0]", "source.snyk.collect_from")},
		"one":             {bad("snyk.poll_interval"), only("source.snyk.poll_interval")},
		"two":             {bad("labels", "snyk.log_types"), only(`source.labels[""]`, "source.snyk.log_types[0]")},
		"none of the bad": {bad("paused"), nil},
		"output-only":     {mask("status", "status.state", "create_time", "update_time", "etag"), nil},
		"immutable": {mask("id", "snyk.organization_id", "paused", "snyk.group_id", "snyk.region"), map[string]string{
			"update_mask.paths[0]": `"id" cannot be changed` + paths, "update_mask.paths[1]": `"snyk.organization_id" cannot be changed` + paths,
			"update_mask.paths[3]": `"snyk.group_id" cannot be changed, but it may be set, outside the mask, where the source has none` + paths, "update_mask.paths[4]": `"snyk.region" cannot be changed` + paths,
		}},
		"unknown": {mask("displayName", "labels.team", "snyk.poll_interval.seconds", "", "what is this"), map[string]string{
			"update_mask.paths[0]": "is no field of a source" + paths,
			"update_mask.paths[1]": `"labels.team" is no field of a source` + paths,
			"update_mask.paths[2]": `"snyk.poll_interval.seconds" is no field of a source` + paths,
			"update_mask.paths[3]": "is no field of a source" + paths,
			"update_mask.paths[4]": "is no field of a source" + paths,
		}},
		"whole snyk, unset": {mask("snyk"), map[string]string{
			"source.snyk": `is required where update_mask names "snyk": name its fields one by one to clear them`,
		}},
		"credentials": {&snykstreamv1.UpdateSourceRequest{Source: &snykstreamv1.Source{Id: "a"}, Credentials: &snykstreamv1.Credentials{}}, map[string]string{
			"credentials.kind": "is required: set api_token or oauth_client",
		}},
	})
}
