package grpcapi

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestUpdateSourceRefuses(t *testing.T) {
	cannot := "cannot be changed: leave it empty or as it is, or create another source"
	for name, test := range map[string]struct {
		patch *snykstreamv1.Source
		mask  []string
		want  map[string]string
	}{
		"another organization, group and region": {
			&snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{OrganizationId: otherID, GroupId: otherID, Region: snykstreamv1.Region_REGION_SNYK_AU_01}},
			nil,
			map[string]string{"source.snyk.organization_id": cannot, "source.snyk.group_id": cannot, "source.snyk.region": cannot},
		},
		"another organization in the whole of snyk": {
			&snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{OrganizationId: otherID}},
			[]string{"snyk"},
			map[string]string{"source.snyk.organization_id": cannot},
		},
		"another organization in everything": {
			&snykstreamv1.Source{DisplayName: "x", Snyk: &snykstreamv1.SnykConfig{OrganizationId: otherID}},
			[]string{"*"},
			map[string]string{"source.snyk.organization_id": cannot},
		},
		"all organizations without their logs: the result counts": {
			&snykstreamv1.Source{Snyk: &snykstreamv1.SnykConfig{AllOrganizations: new(true), LogTypes: []snykstreamv1.LogType{1}}},
			nil,
			map[string]string{"source.snyk.all_organizations": "contradicts log_types, which leaves the organizations' logs out: " +
				"add LOG_TYPE_SNYK_ORG_AUDIT to log_types, or leave all_organizations unset"},
		},
		"no name": {
			&snykstreamv1.Source{},
			[]string{"display_name"},
			map[string]string{"source.display_name": "is required: 1 to 100 characters"},
		},
		"no name in everything": {
			aNamelessSource(),
			[]string{"*"},
			map[string]string{"source.display_name": "is required: 1 to 100 characters"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create(t, "mine")
			test.patch.Id = "mine"
			_, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
				Source: test.patch, UpdateMask: &fieldmaskpb.FieldMask{Paths: test.mask},
			})
			f := wantFailure(t, err, codes.InvalidArgument, "INVALID_FIELD", slices.Sorted(maps.Keys(test.want))...)
			for field, text := range test.want {
				if got := f.bad[field].GetDescription(); got != text {
					t.Errorf("%s: got %q, want %q", field, got, text)
				}
			}
			if got := w.sources.records["mine"].Revision; got != 1 {
				t.Error("something was stored")
			}
		})
	}
}

// What is asked for must go with what the source has: the patch alone may be right.
func TestUpdateSourceOfAGroup(t *testing.T) {
	w := newWorld(t)
	w.create(t, "mine", func(s *snykstreamv1.Source) {
		s.Snyk = &snykstreamv1.SnykConfig{GroupId: groupID, AllOrganizations: new(true), LogTypes: []snykstreamv1.LogType{2}}
	})
	update := func(config *snykstreamv1.SnykConfig, paths ...string) error {
		_, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{Id: "mine", Snyk: config}, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
		})
		return err
	}
	wantFailure(t, update(nil, "snyk.all_organizations"), codes.InvalidArgument, "INVALID_FIELD", "source.snyk.log_types[0]")
	wantFailure(t, update(&snykstreamv1.SnykConfig{LogTypes: []snykstreamv1.LogType{1}}, "snyk.log_types"),
		codes.InvalidArgument, "INVALID_FIELD", "source.snyk.all_organizations")
	wantFailure(t, update(&snykstreamv1.SnykConfig{OrganizationId: orgID}), codes.InvalidArgument, "INVALID_FIELD", "source.snyk.organization_id")
	if err := update(nil, "snyk.all_organizations", "snyk.log_types"); err != nil {
		t.Errorf("the group's log alone: %v", err)
	}
	if feeds := w.sources.records["mine"].Feeds(); len(feeds) != 1 || feeds[0].Scope != audit.ScopeGroup {
		t.Errorf("it reads %v", feeds)
	}
}

// A source whose group nobody knows may be given it, once.
func TestUpdateSourceNamesItsGroup(t *testing.T) {
	w := newWorld(t)
	w.checker.answer = failing(&audit.SnykError{Detail: "away"})
	_, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: aSource(), SourceId: "mine", Credentials: aToken(), AllowUnverified: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	name := func(group string) error {
		_, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{Id: "mine", Snyk: &snykstreamv1.SnykConfig{GroupId: group}},
		})
		return err
	}
	if err := name(strings.ToUpper(otherID)); err != nil {
		t.Fatal(err)
	}
	if got := w.sources.records["mine"].Source.GetSnyk().GetGroupId(); got != otherID {
		t.Errorf("the group is %q", got)
	}
	wantFailure(t, name(groupID), codes.InvalidArgument, "INVALID_FIELD", "source.snyk.group_id")
}

// A group that is new to the source is proven with the stored credentials.
func TestUpdateSourceProvesItsGroup(t *testing.T) {
	check := func(kind snykstreamv1.CredentialCheck_Kind, result snykstreamv1.CredentialCheck_Result) *snykstreamv1.CredentialCheck {
		return &snykstreamv1.CredentialCheck{Kind: kind, Result: result, Message: "what was found"}
	}
	const failed, warning = snykstreamv1.CredentialCheck_RESULT_FAILED, snykstreamv1.CredentialCheck_RESULT_WARNING
	noLog := check(snykstreamv1.CredentialCheck_KIND_GROUP_AUDIT_READABLE, failed)
	noGroup := check(snykstreamv1.CredentialCheck_KIND_GROUP_READABLE, failed)
	for name, test := range map[string]struct {
		answer     checking
		unverified bool
		code       codes.Code
		violations []string
	}{
		"it is there":                      {answer: nil},
		"its log cannot be read":           {answer: failing(nil, noLog)},
		"it cannot be looked up, and read": {answer: failing(nil, check(snykstreamv1.CredentialCheck_KIND_GROUP_READABLE, warning))},
		"it is not there": {
			answer: failing(nil, noGroup, noLog), code: codes.FailedPrecondition, violations: []string{"GROUP_READABLE group/" + otherID},
		},
		"it is not the organization's": {
			answer: failing(nil, check(snykstreamv1.CredentialCheck_KIND_ORGANIZATION_READABLE, failed)),
			code:   codes.FailedPrecondition, violations: []string{"ORGANIZATION_READABLE org/" + orgID},
		},
		"Snyk cannot say":                   {answer: failing(&audit.SnykError{Detail: "away"}, noGroup)},
		"it is not there, and not asked of": {answer: failing(nil, noGroup), unverified: true},
		"a fault of ours":                   {answer: failing(errors.New("a fault of ours")), code: codes.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.checker.answer = failing(&audit.SnykError{Detail: "away"})
			_, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
				Source: aSource(), SourceId: "mine", Credentials: aToken(), AllowUnverified: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			w.checker.answer, w.checker.asked = test.answer, nil
			_, err = w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
				Source: &snykstreamv1.Source{Id: "mine", Snyk: &snykstreamv1.SnykConfig{GroupId: otherID}}, AllowUnverified: test.unverified,
			})
			group := w.sources.records["mine"].Source.GetSnyk().GetGroupId()
			if asked := w.checker.asked; (len(asked) == 0) != test.unverified ||
				len(asked) > 0 && (asked[0].config.GetGroupId() != otherID || asked[0].cred.Token.Reveal() != token) {
				t.Error("Snyk was not asked about the new group with the stored credentials")
			}
			if test.code == codes.OK {
				if err != nil || group != otherID {
					t.Errorf("the group is %q, %v", group, err)
				}
				return
			}
			reason := map[codes.Code]string{codes.FailedPrecondition: "CREDENTIALS_REJECTED", codes.Internal: "INTERNAL"}[test.code]
			f := wantFailure(t, err, test.code, reason)
			var got []string
			for _, v := range f.violations {
				got = append(got, v.GetType()+" "+v.GetSubject())
			}
			if !slices.Equal(got, test.violations) || group != "" {
				t.Errorf("violations %q, want %q; the group is %q", got, test.violations, group)
			}
		})
	}
}

// What a check does not tell stays known.
func TestUpdateSourceKeepsTheGroupFound(t *testing.T) {
	w := newWorld(t)
	w.create(t, "mine")
	ends := timestamppb.New(testTime.Add(time.Hour))
	w.checker.answer = func(context.Context, *snykstreamv1.SnykConfig) (*snykstreamv1.ValidateCredentialsResponse, error) {
		return &snykstreamv1.ValidateCredentialsResponse{Valid: true, Credential: &snykstreamv1.CredentialInfo{ExpireTime: ends}}, nil
	}
	answer, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
		Source: &snykstreamv1.Source{Id: "mine"}, Credentials: apiToken(token),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.sources.records["mine"].GroupFound; got != groupID {
		t.Errorf("the group found is %q", got)
	}
	if got := answer.GetSource().GetStatus().GetCredential().GetExpireTime(); !proto.Equal(got, ends) {
		t.Errorf("the credential ends at %v", got)
	}
}

// When a credential ends is known from itself where the check does not say.
func TestLearnWhenACredentialEnds(t *testing.T) {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1800000000}`))
	cred := audit.Credential{Token: audit.NewSecret("snyk_uat.12345678." + payload + ".signature")}
	for name, test := range map[string]struct {
		told *snykstreamv1.CredentialInfo
		want int64
	}{
		"no report":          {nil, 1_800_000_000},
		"a report without":   {&snykstreamv1.CredentialInfo{Principal: "the robot"}, 1_800_000_000},
		"the report says so": {&snykstreamv1.CredentialInfo{ExpireTime: timestamppb.New(time.Unix(1_700_000_000, 0))}, 1_700_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			rec := learn(audit.SourceRecord{GroupFound: groupID}, cred, &snykstreamv1.ValidateCredentialsResponse{Credential: test.told})
			if got := rec.Credential.GetExpireTime().GetSeconds(); got != test.want || rec.Credential.GetPrincipal() != test.told.GetPrincipal() || rec.GroupFound != groupID {
				t.Errorf("learned %v, group %q", rec.Credential, rec.GroupFound)
			}
		})
	}
}

func aNamelessSource() *snykstreamv1.Source {
	s := aSource()
	s.DisplayName = ""
	return s
}

func TestUpdateSourceWithoutChange(t *testing.T) {
	w := newWorld(t)
	created := w.create(t, "mine")
	answer, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
		Source: &snykstreamv1.Source{Id: "mine", DisplayName: created.GetDisplayName()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(created, answer.GetSource(), protocmp.Transform()); diff != "" {
		t.Errorf("nothing changes, the etag neither (-want +got):\n%s", diff)
	}
}

func TestUpdateSourceEtag(t *testing.T) {
	w := newWorld(t)
	created := w.create(t, "mine")
	rename := func(name, etag string) error {
		_, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{Id: "mine", DisplayName: name, Etag: etag},
		})
		return err
	}
	if err := rename("one", created.GetEtag()); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, rename("two", created.GetEtag()), codes.Aborted, "ETAG_MISMATCH")
	if got := w.sources.records["mine"].Source.GetDisplayName(); got != "one" {
		t.Errorf("the name is %q", got)
	}
}

// Two changes at once: who sent an etag hears of it, who did not has both.
func TestUpdateSourceRaces(t *testing.T) {
	for name, test := range map[string]struct {
		etag  bool
		times int
		code  codes.Code
	}{
		"with an etag":             {etag: true, times: 1, code: codes.Aborted},
		"without":                  {times: 1, code: codes.OK},
		"without, more than once":  {times: updateTries - 1, code: codes.OK},
		"without, again and again": {times: updateTries, code: codes.Aborted},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			created := w.create(t, "mine")
			left := test.times
			w.sources.beforeUpdate = func() {
				if left == 0 {
					return
				}
				left--
				w.sources.mu.Lock()
				defer w.sources.mu.Unlock()
				rec := w.sources.records["mine"]
				rec.Source = proto.CloneOf(rec.Source)
				rec.Source.Labels = map[string]string{"by": "another"}
				w.sources.put(rec)
			}
			patch := &snykstreamv1.Source{Id: "mine", DisplayName: "new"}
			if test.etag {
				patch.Etag = created.GetEtag()
			}
			answer, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{Source: patch})
			if test.code != codes.OK {
				wantFailure(t, err, test.code, "ETAG_MISMATCH")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s := answer.GetSource(); s.GetDisplayName() != "new" || s.GetLabels()["by"] != "another" {
				t.Errorf("one change was lost: %v", s)
			}
		})
	}
}

func TestUpdateSourceCredentials(t *testing.T) {
	const next = "22222222-2222-4333-8444-5ec4e75ec4e8"
	update := func(t *testing.T, w *world, unverified bool) (*snykstreamv1.UpdateSourceResponse, error) {
		t.Helper()
		w.fences.raised, w.checker.asked = nil, nil
		return w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
			Source:      &snykstreamv1.Source{Id: "mine", Snyk: &snykstreamv1.SnykConfig{IncludeApiAccess: new(true)}},
			Credentials: apiToken(next), AllowUnverified: unverified,
		})
	}
	t.Run("fault", func(t *testing.T) {
		w := newWorld(t)
		w.create(t, "mine")
		w.checker.answer = failing(errors.New("a fault of ours"))
		_, err := update(t, w, true)
		wantFailure(t, err, codes.Internal, "INTERNAL")
	})
	t.Run("accepted", func(t *testing.T) {
		w := newWorld(t)
		w.create(t, "mine")
		answer, err := update(t, w, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.sources.secrets["mine"].Token.Reveal(); got != next {
			t.Error("the new credentials are not stored")
		}
		asked := w.checker.asked
		if len(asked) != 1 || asked[0].config.GetOrganizationId() != orgID || !asked[0].config.GetIncludeApiAccess() ||
			asked[0].cred.Token.Reveal() != next {
			t.Error("Snyk was not asked about the new credentials with the new configuration")
		}
		if got := answer.GetSource().GetStatus().GetCredential().GetLastFour(); got != "c4e8" {
			t.Errorf("the answer tells of the credential ending in %q", got)
		}
		if diff := cmp.Diff([]string{"mine update"}, w.fences.raised); diff != "" {
			t.Errorf("fences (-want +got):\n%s", diff)
		}
	})
	t.Run("alone", func(t *testing.T) {
		w := newWorld(t)
		w.create(t, "mine")
		answer, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
			Source: &snykstreamv1.Source{Id: "mine"}, Credentials: apiToken(next),
		})
		if err != nil || answer.GetSource().GetEtag() != "e2" || w.sources.secrets["mine"].Token.Reveal() != next {
			t.Errorf("got %v, %v", answer, err)
		}
	})
	for name, test := range map[string]struct {
		err    error
		code   codes.Code
		reason string
	}{
		"rejected":   {nil, codes.FailedPrecondition, "CREDENTIALS_REJECTED"},
		"unanswered": {&audit.SnykError{Detail: "away"}, codes.Unavailable, "SNYK_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create(t, "mine")
			w.checker.answer = failing(test.err, rejected())
			_, err := update(t, w, false)
			wantFailure(t, err, test.code, test.reason)
			if test.code == codes.FailedPrecondition && !strings.Contains(err.Error(), "allow_unverified") {
				t.Errorf("%v does not tell of allow_unverified", err)
			}
			if w.sources.secrets["mine"].Token.Reveal() != token || w.sources.records["mine"].Revision != 1 || len(w.fences.raised) > 0 {
				t.Error("the old credentials were let go")
			}
			answer, err := update(t, w, true)
			if err != nil || w.sources.secrets["mine"].Token.Reveal() != next || answer.GetSource().GetStatus().GetCredential().GetLastFour() != "c4e8" {
				t.Errorf("with allow_unverified: %v, %v", answer, err)
			}
		})
	}
}
