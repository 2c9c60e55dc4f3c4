package grpcapi

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestCreateSourceStoresTheConfiguration(t *testing.T) {
	w := newWorld(t)
	sent := &snykstreamv1.Source{
		Id: "my-source", DisplayName: "My Snyk logs", Labels: map[string]string{"team": "sec"},
		Snyk: &snykstreamv1.SnykConfig{
			OrganizationId: strings.ToUpper(orgID), GroupId: strings.ToUpper(groupID),
			LogTypes: []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT},
			Region:   snykstreamv1.Region_REGION_SNYK_EU_01, IncludeApiAccess: new(true), AllOrganizations: new(false),
			CollectFrom: timestamppb.New(testTime.Add(-time.Hour)), PollInterval: durationpb.New(time.Minute),
		},
		Paused: new(false), DropOffAlarm: &snykstreamv1.DropOffAlarm{Disabled: new(true)},
		// Output-only parts are ignored.
		Status:     &snykstreamv1.SourceStatus{State: snykstreamv1.SourceState_SOURCE_STATE_HEALTHY},
		CreateTime: timestamppb.New(testTime.Add(-time.Hour)), UpdateTime: timestamppb.New(testTime.Add(-time.Hour)), Etag: "mine",
	}
	answer, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: sent, SourceId: "my-source", Credentials: apiToken(token + "\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := proto.CloneOf(sent)
	want.Snyk.OrganizationId, want.Snyk.GroupId = orgID, groupID
	want.CreateTime, want.UpdateTime, want.Etag = timestamppb.New(testTime), timestamppb.New(testTime), "e1"
	want.Status = &snykstreamv1.SourceStatus{
		State: snykstreamv1.SourceState_SOURCE_STATE_PENDING, Message: "as told",
		Credential: &snykstreamv1.CredentialInfo{
			Kind: snykstreamv1.CredentialKind_CREDENTIAL_KIND_API_TOKEN, LastFour: token[len(token)-4:], Principal: "the robot",
		},
	}
	if diff := cmp.Diff(want, answer.GetSource(), protocmp.Transform()); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}

	rec := w.sources.records["my-source"]
	if rec.Source.GetStatus() != nil || rec.GroupFound != groupID {
		t.Errorf("stored with status %v and group %q", rec.Source.GetStatus(), rec.GroupFound)
	}
	if got := w.sources.secrets["my-source"].Token.Reveal(); got != token {
		t.Errorf("stored the token as %d characters, want it without its line break", len(got))
	}
	if asked := w.checker.asked; len(asked) != 1 || asked[0].config.GetOrganizationId() != orgID || asked[0].cred.Token.Reveal() != token {
		t.Error("Snyk was not asked about what is stored")
	}
	if diff := cmp.Diff([]string{"my-source create"}, w.fences.raised); diff != "" {
		t.Errorf("fences (-want +got):\n%s", diff)
	}
}

func TestCreateSourceTakenID(t *testing.T) {
	for _, only := range []bool{false, true} {
		w := newWorld(t)
		w.create(t, "taken")
		w.create(t, "gone")
		if _, err := w.client.DeleteSource(t.Context(), &snykstreamv1.DeleteSourceRequest{SourceId: "gone"}); err != nil {
			t.Fatal(err)
		}
		w.checker.asked = nil
		create := func(id, org string) error {
			source := aSource()
			source.Snyk.OrganizationId = org
			_, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
				Source: source, SourceId: id, Credentials: aToken(), ValidateOnly: only,
			})
			return err
		}
		wantFailure(t, create("taken", orgID), codes.AlreadyExists, "SOURCE_EXISTS")
		wantFailure(t, create("gone", otherID), codes.AlreadyExists, "SOURCE_ID_IN_USE")
		if len(w.checker.asked) > 0 {
			t.Error("Snyk was asked about a source that cannot be stored")
		}
		if err := create("gone", strings.ToUpper(orgID)); err != nil {
			t.Errorf("the same organization, validate_only %t: %v", only, err)
		}
	}
}

// The registry has the last word on who was first.
func TestCreateSourceLosesRace(t *testing.T) {
	w := newWorld(t)
	w.checker.answer = func(ctx context.Context, _ *snykstreamv1.SnykConfig) (*snykstreamv1.ValidateCredentialsResponse, error) {
		_, err := w.sources.Create(ctx, audit.SourceRecord{Source: &snykstreamv1.Source{Id: "mine"}}, audit.Credential{})
		return &snykstreamv1.ValidateCredentialsResponse{Valid: true}, err
	}
	_, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: aSource(), SourceId: "mine", Credentials: aToken(),
	})
	wantFailure(t, err, codes.AlreadyExists, "SOURCE_EXISTS")
}

func TestCreateSourceValidateOnly(t *testing.T) {
	w := newWorld(t)
	answer, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: aSource(), SourceId: "mine", Credentials: aToken(), ValidateOnly: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := answer.GetSource(); s.GetStatus().GetCredential().GetPrincipal() != "the robot" || s.GetEtag() != "" || s.GetId() != "mine" {
		t.Errorf("answer %v", s)
	}
	if len(w.checker.asked) != 1 || len(w.sources.records) != 0 || len(w.fences.raised) != 0 {
		t.Error("want every check, and nothing stored or fenced")
	}
	w.checker.answer = failing(nil, rejected())
	_, err = w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: aSource(), SourceId: "mine", Credentials: aToken(), ValidateOnly: true,
	})
	wantFailure(t, err, codes.FailedPrecondition, "CREDENTIALS_REJECTED")
}

func rejected() *snykstreamv1.CredentialCheck {
	return &snykstreamv1.CredentialCheck{
		Kind: snykstreamv1.CredentialCheck_KIND_AUTHENTICATED, Result: snykstreamv1.CredentialCheck_RESULT_FAILED,
		HttpStatus: 401, Message: "snyk does not know the token", Remedy: "make a new one",
	}
}

// A check's violation names what it was about, also where that was found.
func TestSubjectsOfChecks(t *testing.T) {
	const (
		org, group     = snykstreamv1.CredentialCheck_KIND_ORG_AUDIT_READABLE, snykstreamv1.CredentialCheck_KIND_GROUP_AUDIT_READABLE
		orgs, groups   = snykstreamv1.CredentialCheck_KIND_ORGANIZATION_READABLE, snykstreamv1.CredentialCheck_KIND_GROUP_READABLE
		authentication = snykstreamv1.CredentialCheck_KIND_AUTHENTICATED
	)
	both := &snykstreamv1.SnykConfig{OrganizationId: orgID, GroupId: groupID}
	for name, test := range map[string]struct {
		kind   snykstreamv1.CredentialCheck_Kind
		config *snykstreamv1.SnykConfig
		found  string
		want   string
	}{
		"the credentials":                   {authentication, both, groupID, "credentials"},
		"the organization":                  {orgs, both, "", "org/" + orgID},
		"its log":                           {org, both, "", "org/" + orgID},
		"the group":                         {groups, both, "", "group/" + groupID},
		"its log, too":                      {group, both, "", "group/" + groupID},
		"the group found":                   {group, &snykstreamv1.SnykConfig{OrganizationId: orgID}, groupID, "group/" + groupID},
		"the group that was not found":      {group, &snykstreamv1.SnykConfig{OrganizationId: orgID}, "", "org/" + orgID},
		"the organizations of a group":      {org, &snykstreamv1.SnykConfig{GroupId: groupID}, groupID, "group/" + groupID},
		"the organizations of nobody knows": {org, &snykstreamv1.SnykConfig{}, "", "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := subjectOf(test.kind, test.config, test.found); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCreateSourceUnproven(t *testing.T) {
	unreadable := &snykstreamv1.CredentialCheck{
		Kind: snykstreamv1.CredentialCheck_KIND_ORG_AUDIT_READABLE, Result: snykstreamv1.CredentialCheck_RESULT_FAILED,
		HttpStatus: 403, Message: "no permission",
	}
	warning := &snykstreamv1.CredentialCheck{
		Kind: snykstreamv1.CredentialCheck_KIND_EXPIRY, Result: snykstreamv1.CredentialCheck_RESULT_WARNING, Message: "soon",
	}
	for name, test := range map[string]struct {
		answer     checking
		code       codes.Code
		reason     string
		violations []string
		retry      time.Duration
	}{
		"rejected": {
			answer: failing(nil, warning, rejected(), unreadable), code: codes.FailedPrecondition, reason: "CREDENTIALS_REJECTED",
			violations: []string{
				"AUTHENTICATED credentials snyk does not know the token; make a new one",
				"ORG_AUDIT_READABLE org/" + orgID + " no permission",
			},
		},
		"Snyk is silent": {
			answer: failing(&audit.SnykError{Detail: "connection refused"}, rejected()),
			code:   codes.Unavailable, reason: "SNYK_UNAVAILABLE", retry: defaultRetry,
		},
		"Snyk asks for silence": {
			answer: failing(&audit.SnykError{Class: audit.SnykRateLimited, Detail: "too many requests", RetryAfter: time.Minute}),
			code:   codes.Unavailable, reason: "SNYK_UNAVAILABLE", retry: time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.checker.answer = test.answer
			request := &snykstreamv1.CreateSourceRequest{Source: aSource(), SourceId: "mine", Credentials: aToken()}
			_, err := w.client.CreateSource(t.Context(), request)
			f := wantFailure(t, err, test.code, test.reason)
			var got []string
			for _, v := range f.violations {
				got = append(got, v.GetType()+" "+v.GetSubject()+" "+v.GetDescription())
			}
			if !slices.Equal(got, test.violations) || f.retry != test.retry {
				t.Errorf("violations %q, retry after %s; want %q, %s", got, f.retry, test.violations, test.retry)
			}
			if len(w.sources.records) > 0 {
				t.Fatal("the source is stored")
			}

			request.AllowUnverified = true
			answer, err := w.client.CreateSource(t.Context(), request)
			if err != nil {
				t.Fatalf("with allow_unverified: %v", err)
			}
			if got := answer.GetSource().GetStatus().GetCredential().GetKind(); got != snykstreamv1.CredentialKind_CREDENTIAL_KIND_API_TOKEN {
				t.Errorf("the credential is told as %s", got)
			}
		})
	}
}

// allow_unverified allows what is wrong with the credentials, nothing else.
func TestCreateSourceUnverifiedFault(t *testing.T) {
	w := newWorld(t)
	w.checker.answer = failing(errors.New("a fault of ours"))
	_, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: aSource(), SourceId: "mine", Credentials: aToken(), AllowUnverified: true,
	})
	wantFailure(t, err, codes.Internal, "INTERNAL")
}

// The change is stored by the time of the fence: its failure is for the log.
func TestCreateSourceWithoutFence(t *testing.T) {
	w := newWorld(t)
	w.fences.fail = errors.New("journal is full")
	w.create(t, "mine")
	if !strings.Contains(w.log.String(), "journal is full") {
		t.Error("nobody hears of it")
	}
}
