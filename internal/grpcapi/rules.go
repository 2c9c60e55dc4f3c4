package grpcapi

import (
	"strings"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func createProblems(r *snykstreamv1.CreateSourceRequest, now time.Time) []audit.FieldProblem {
	problems := credentialProblems(r.GetCredentials())
	if r.GetSource() == nil {
		return problems
	}
	if id := r.GetSource().GetId(); id != "" && id != r.GetSourceId() {
		problems = append(problems, audit.FieldProblem{Field: "source.id", Description: "must be empty or equal to source_id"})
	}
	problems = append(problems, requiredProblems("source", r.GetSource())...)
	return append(problems, valueProblems("source", r.GetSource(), now)...)
}

func updateProblems(r *snykstreamv1.UpdateSourceRequest, now time.Time) []audit.FieldProblem {
	problems := credentialProblems(r.GetCredentials())
	problems = append(problems, maskProblems(r)...)
	if r.GetSource() == nil {
		return problems
	}
	if r.GetSource().GetId() == "" {
		problems = append(problems, audit.FieldProblem{Field: "source.id", Description: "is required: it names the source to change"})
	}
	return append(problems, valueProblems("source", r.GetSource(), now)...)
}

func listProblems(r *snykstreamv1.ListSourcesRequest) []audit.FieldProblem {
	problems := labelProblems("labels", r.GetLabels())
	if _, err := readPageToken(r); err != nil {
		problems = append(problems, audit.FieldProblem{Field: "page_token", Description: err.Error()})
	}
	return problems
}

func validateCredentialsProblems(r *snykstreamv1.ValidateCredentialsRequest, now time.Time) []audit.FieldProblem {
	problems := credentialProblems(r.GetCredentials())
	if r.GetSnyk() == nil {
		return problems
	}
	problems = append(problems, targetProblems("snyk", r.GetSnyk())...)
	return append(problems, configProblems("snyk", r.GetSnyk(), now)...)
}

// credentialProblems are those of a credential that holds nothing. What else can
// be wrong with it is for the check against Snyk to report.
func credentialProblems(credentials *snykstreamv1.Credentials) []audit.FieldProblem {
	const path = "credentials"
	texts := map[string]string{}
	switch kind := credentials.GetKind().(type) {
	case *snykstreamv1.Credentials_ApiToken:
		texts[path+".api_token"] = kind.ApiToken
	case *snykstreamv1.Credentials_OauthClient:
		texts[path+".oauth_client.client_id"] = kind.OauthClient.GetClientId()
		texts[path+".oauth_client.client_secret"] = kind.OauthClient.GetClientSecret()
	}
	var problems []audit.FieldProblem
	for field, text := range texts {
		if strings.TrimSpace(text) == "" {
			problems = append(problems, audit.FieldProblem{Field: field, Description: "must not be empty"})
		}
	}
	return problems
}

// credentialOf takes the credential out of a request, without the line break that
// it had in a file.
func credentialOf(credentials *snykstreamv1.Credentials) audit.Credential {
	client := credentials.GetOauthClient()
	return audit.Credential{
		Token:        audit.NewSecret(strings.TrimSpace(credentials.GetApiToken())),
		ClientID:     strings.TrimSpace(client.GetClientId()),
		ClientSecret: audit.NewSecret(strings.TrimSpace(client.GetClientSecret())),
	}
}
