package grpcapi

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestValidateCredentials(t *testing.T) {
	const given = "33333333-2222-4333-8444-5ec4e75ec4e9"
	for name, test := range map[string]struct {
		request *snykstreamv1.ValidateCredentialsRequest
		token   string
		org     string
	}{
		"stored": {&snykstreamv1.ValidateCredentialsRequest{SourceId: "mine"}, token, orgID},
		"given, for a stored source": {
			&snykstreamv1.ValidateCredentialsRequest{SourceId: "mine", Credentials: apiToken(given + "\n")}, given, orgID,
		},
		"given": {
			&snykstreamv1.ValidateCredentialsRequest{
				Snyk: &snykstreamv1.SnykConfig{OrganizationId: "1E4839FD-FFC0-495E-8018-CB349120A21C"}, Credentials: apiToken(given),
			}, given, otherID,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create(t, "mine")
			w.checker.asked = nil
			answer, err := w.client.ValidateCredentials(t.Context(), test.request)
			if err != nil {
				t.Fatal(err)
			}
			if !answer.GetValid() || answer.GetGroupId() != groupID {
				t.Errorf("got %v", answer)
			}
			asked := w.checker.asked
			if len(asked) != 1 || asked[0].cred.Token.Reveal() != test.token || asked[0].config.GetOrganizationId() != test.org {
				t.Error("Snyk was asked about something else")
			}
		})
	}
}

// Bad credentials are a report, and so is a Snyk that does not answer.
func TestValidateCredentialsReports(t *testing.T) {
	for name, trouble := range map[string]error{"rejected": nil, "unanswered": &audit.SnykError{Detail: "away"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.checker.answer = failing(trouble, rejected())
			answer, err := w.client.ValidateCredentials(t.Context(), &snykstreamv1.ValidateCredentialsRequest{
				Snyk: aSource().GetSnyk(), Credentials: aToken(),
			})
			if err != nil {
				t.Fatal(err)
			}
			want := &snykstreamv1.ValidateCredentialsResponse{Checks: []*snykstreamv1.CredentialCheck{rejected()}}
			if diff := cmp.Diff(want, answer, protocmp.Transform()); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateCredentialsFails(t *testing.T) {
	w := newWorld(t)
	w.create(t, "mine")
	stored := &snykstreamv1.ValidateCredentialsRequest{SourceId: "mine"}

	w.checker.answer = failing(&audit.SnykError{Detail: "away"})
	_, err := w.client.ValidateCredentials(t.Context(), stored)
	wantFailure(t, err, codes.Unavailable, "SNYK_UNAVAILABLE")

	w.checker.answer = failing(errors.New("a fault of ours"))
	_, err = w.client.ValidateCredentials(t.Context(), stored)
	wantFailure(t, err, codes.Internal, "INTERNAL")

	delete(w.sources.secrets, "mine")
	_, err = w.client.ValidateCredentials(t.Context(), stored)
	wantFailure(t, err, codes.FailedPrecondition, "CREDENTIALS_UNREADABLE")
}
