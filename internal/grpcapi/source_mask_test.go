package grpcapi

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// full is a source with everything set that can be.
func full(s *snykstreamv1.Source) {
	s.DisplayName, s.Labels, s.Paused = "full", map[string]string{"a": "1", "b": "2"}, new(true)
	s.DropOffAlarm = &snykstreamv1.DropOffAlarm{Disabled: new(true), Threshold: durationpb.New(time.Hour)}
	s.Snyk = &snykstreamv1.SnykConfig{
		OrganizationId: orgID, GroupId: groupID, Region: snykstreamv1.Region_REGION_SNYK_EU_01,
		LogTypes: []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT}, AllOrganizations: new(false),
		IncludeApiAccess: new(true), CollectFrom: timestamppb.New(testTime.Add(-time.Hour)), PollInterval: durationpb.New(time.Minute),
	}
}

func TestUpdateSourceMasks(t *testing.T) {
	type change = func(*snykstreamv1.Source)
	minute := durationpb.New(time.Minute)
	for name, test := range map[string]struct {
		from  change
		patch *snykstreamv1.Source
		mask  []string
		want  change // what of the source changes
		fence string
	}{
		"no mask: what is set": {
			patch: &snykstreamv1.Source{DisplayName: "new", Snyk: &snykstreamv1.SnykConfig{PollInterval: minute}},
			want:  func(s *snykstreamv1.Source) { s.DisplayName, s.Snyk.PollInterval = "new", minute }, fence: "update",
		},
		"no mask: parts of parts": {
			from:  full,
			patch: &snykstreamv1.Source{DropOffAlarm: &snykstreamv1.DropOffAlarm{Threshold: durationpb.New(2 * time.Hour)}},
			want:  func(s *snykstreamv1.Source) { s.DropOffAlarm.Threshold = durationpb.New(2 * time.Hour) },
		},
		"no mask: false is set": {
			from:  full,
			patch: &snykstreamv1.Source{Paused: new(false), Snyk: &snykstreamv1.SnykConfig{IncludeApiAccess: new(false)}},
			want: func(s *snykstreamv1.Source) {
				s.Paused, s.Snyk.IncludeApiAccess = new(false), new(false)
			}, fence: "resume",
		},
		"no mask: the source as it was read, changed": {
			from: full,
			patch: func() *snykstreamv1.Source {
				s := &snykstreamv1.Source{Status: &snykstreamv1.SourceStatus{State: 3}, CreateTime: timestamppb.New(testTime)}
				full(s)
				s.Snyk.OrganizationId, s.DisplayName = strings.ToUpper(orgID), "new"
				return s
			}(),
			want: func(s *snykstreamv1.Source) { s.DisplayName = "new" },
		},
		"labels are replaced whole": {
			from: full, patch: &snykstreamv1.Source{Labels: map[string]string{"c": "3"}},
			want: func(s *snykstreamv1.Source) { s.Labels = map[string]string{"c": "3"} },
		},
		"labels are cleared by name": {
			from: full, patch: &snykstreamv1.Source{}, mask: []string{"labels"},
			want: func(s *snykstreamv1.Source) { s.Labels = nil },
		},
		"what the mask leaves out stays": {
			from: full, patch: &snykstreamv1.Source{DisplayName: "new", Snyk: &snykstreamv1.SnykConfig{
				OrganizationId: otherID, PollInterval: durationpb.New(time.Hour),
			}}, mask: []string{"display_name"},
			want: func(s *snykstreamv1.Source) { s.DisplayName = "new" },
		},
		"nested": {
			from: full, patch: &snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{PollInterval: durationpb.New(time.Hour)}},
			mask: []string{"snyk.poll_interval", "snyk.collect_from"},
			want: func(s *snykstreamv1.Source) {
				s.Snyk.PollInterval, s.Snyk.CollectFrom = durationpb.New(time.Hour), nil
			}, fence: "update",
		},
		"nested, cleared without its parent": {
			from: full, patch: &snykstreamv1.Source{}, mask: []string{"snyk.include_api_access", "drop_off_alarm.disabled"},
			want:  func(s *snykstreamv1.Source) { s.Snyk.IncludeApiAccess, s.DropOffAlarm.Disabled = nil, nil },
			fence: "update",
		},
		"nested, cleared where it never was": {
			patch: &snykstreamv1.Source{DisplayName: "new"}, mask: []string{"drop_off_alarm.threshold", "display_name"},
			want: func(s *snykstreamv1.Source) { s.DisplayName = "new" },
		},
		"paused": {
			patch: &snykstreamv1.Source{Paused: new(true)}, mask: []string{"paused"},
			want: func(s *snykstreamv1.Source) { s.Paused = new(true) }, fence: "pause",
		},
		"paused, cleared": {
			from: full, patch: &snykstreamv1.Source{}, mask: []string{"paused"},
			want: func(s *snykstreamv1.Source) { s.Paused = nil }, fence: "resume",
		},
		"the whole alarm": {
			from: full, patch: &snykstreamv1.Source{DropOffAlarm: &snykstreamv1.DropOffAlarm{Disabled: new(false)}},
			mask: []string{"drop_off_alarm"},
			want: func(s *snykstreamv1.Source) { s.DropOffAlarm = &snykstreamv1.DropOffAlarm{Disabled: new(false)} },
		},
		"the whole of snyk: what is fixed stays": {
			from: full, patch: &snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{PollInterval: minute}}, mask: []string{"snyk"},
			want: func(s *snykstreamv1.Source) {
				s.Snyk = &snykstreamv1.SnykConfig{
					OrganizationId: orgID, GroupId: groupID, Region: snykstreamv1.Region_REGION_SNYK_EU_01, PollInterval: minute,
				}
			}, fence: "update",
		},
		"everything": {
			from: full, patch: aSource(), mask: []string{"*"},
			want: func(s *snykstreamv1.Source) {
				s.DisplayName, s.Labels, s.Paused, s.DropOffAlarm = "My Snyk logs", nil, nil, nil
				s.Snyk = &snykstreamv1.SnykConfig{OrganizationId: orgID, GroupId: groupID, Region: snykstreamv1.Region_REGION_SNYK_EU_01}
			}, fence: "resume",
		},
		"output-only parts are ignored": {
			patch: &snykstreamv1.Source{DisplayName: "new", Status: &snykstreamv1.SourceStatus{State: 3}, CreateTime: timestamppb.New(time.Unix(0, 0))},
			mask:  []string{"display_name", "status", "create_time", "etag", "update_time"},
			want:  func(s *snykstreamv1.Source) { s.DisplayName = "new" },
		},
		"the default region": {
			patch: &snykstreamv1.Source{DisplayName: "new", Snyk: &snykstreamv1.SnykConfig{Region: snykstreamv1.Region_REGION_SNYK_US_01}},
			want:  func(s *snykstreamv1.Source) { s.DisplayName = "new" },
		},
		"the group that was found, named": {
			patch: &snykstreamv1.Source{DisplayName: "new", Snyk: &snykstreamv1.SnykConfig{GroupId: strings.ToUpper(groupID)}},
			want:  func(s *snykstreamv1.Source) { s.DisplayName, s.Snyk.GroupId = "new", groupID }, fence: "update",
		},
		"the group that was found, named in the whole of snyk": {
			patch: &snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{GroupId: groupID}}, mask: []string{"snyk"},
			want: func(s *snykstreamv1.Source) { s.Snyk.GroupId = groupID }, fence: "update",
		},
		"a group that the mask leaves out": {
			patch: &snykstreamv1.Source{DisplayName: "new", Snyk: &snykstreamv1.SnykConfig{GroupId: groupID}}, mask: []string{"display_name"},
			want: func(s *snykstreamv1.Source) { s.DisplayName = "new" },
		},
		"more logs and all organizations": {
			patch: &snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{AllOrganizations: new(true), LogTypes: []snykstreamv1.LogType{2, 1}}},
			want: func(s *snykstreamv1.Source) {
				s.Snyk.AllOrganizations, s.Snyk.LogTypes = new(true), []snykstreamv1.LogType{2, 1}
			}, fence: "update",
		},
		"fewer logs": {
			from: full, patch: &snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{LogTypes: []snykstreamv1.LogType{1}}},
			want: func(s *snykstreamv1.Source) { s.Snyk.LogTypes = []snykstreamv1.LogType{1} }, fence: "update",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if test.from == nil {
				test.from = func(*snykstreamv1.Source) {}
			}
			want := w.create(t, "mine", test.from)
			w.fences.raised, w.checker.asked = nil, nil
			test.patch.Id = "mine"
			answer, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
				Source: test.patch, UpdateMask: &fieldmaskpb.FieldMask{Paths: test.mask},
			})
			if err != nil {
				t.Fatal(err)
			}
			test.want(want)
			if diff := cmp.Diff(want, answer.GetSource(), protocmp.Transform(),
				protocmp.IgnoreFields(&snykstreamv1.Source{}, "etag", "status", "update_time")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if answer.GetSource().GetEtag() != "e2" || answer.GetSource().GetStatus() == nil {
				t.Errorf("etag %q, status %v", answer.GetSource().GetEtag(), answer.GetSource().GetStatus())
			}
			if got := strings.Join(w.fences.raised, ","); got != strings.TrimSpace(map[bool]string{true: "mine " + test.fence}[test.fence != ""]) {
				t.Errorf("fences %q, want %q", got, test.fence)
			}
			if len(w.checker.asked) > 0 {
				t.Error("Snyk was asked though the credentials stay")
			}
		})
	}
}
