package grpcapi

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// ValidateCredentials implements snykstreamv1.SourceServiceServer.
func (s *SourceService) ValidateCredentials(ctx context.Context, r *snykstreamv1.ValidateCredentialsRequest) (*snykstreamv1.ValidateCredentialsResponse, error) {
	cred := credentialOf(r.GetCredentials())
	if r.GetSnyk() != nil {
		return s.check(ctx, lowered(r.GetSnyk()), cred)
	}
	rec, err := s.get(ctx, r.GetSourceId())
	if err != nil {
		return nil, err
	}
	if r.GetCredentials() == nil {
		if cred, err = s.vault.Credential(ctx, rec); err != nil {
			return nil, err
		}
	}
	return s.check(ctx, rec.Source.GetSnyk(), cred)
}

// check reports on credentials. Snyk's silence is a report too, where there is one.
func (s *SourceService) check(ctx context.Context, config *snykstreamv1.SnykConfig, cred audit.Credential) (*snykstreamv1.ValidateCredentialsResponse, error) {
	report, err := s.checker.Check(ctx, config, cred)
	if _, silent := errors.AsType[*audit.SnykError](err); silent && report != nil {
		return report, nil
	}
	return report, err
}

// prove returns the report of credentials that work. Where they do not, or where
// Snyk cannot say, the error tells, and the report comes with it if there is one.
func (s *SourceService) prove(ctx context.Context, config *snykstreamv1.SnykConfig, cred audit.Credential) (*snykstreamv1.ValidateCredentialsResponse, error) {
	report, err := s.checker.Check(ctx, config, cred)
	if trouble, ok := errors.AsType[*audit.SnykError](err); ok {
		return report, snykUnavailable(trouble)
	}
	if err != nil || report.GetValid() {
		return report, err
	}
	return report, rejection("snyk does not accept the credentials", failedChecks(report), config, report.GetGroupId())
}

// proveGroup asks Snyk with the stored credentials about a group that the
// configuration did not have before. The error tells that it is not the
// organization's, or not there; where Snyk cannot say, there is none.
func (s *SourceService) proveGroup(ctx context.Context, rec audit.SourceRecord, config *snykstreamv1.SnykConfig) error {
	cred, err := s.vault.Credential(ctx, rec)
	if err != nil {
		return err
	}
	report, err := s.checker.Check(ctx, config, cred)
	if _, silent := errors.AsType[*audit.SnykError](err); silent {
		return nil
	}
	if err != nil {
		return err
	}
	failed := slices.DeleteFunc(failedChecks(report), func(check *snykstreamv1.CredentialCheck) bool {
		return check.GetKind() != snykstreamv1.CredentialCheck_KIND_ORGANIZATION_READABLE &&
			check.GetKind() != snykstreamv1.CredentialCheck_KIND_GROUP_READABLE
	})
	if len(failed) == 0 {
		return nil
	}
	return rejection("snyk does not show the group to the stored credentials", failed, config, report.GetGroupId())
}

func failedChecks(report *snykstreamv1.ValidateCredentialsResponse) []*snykstreamv1.CredentialCheck {
	return slices.DeleteFunc(slices.Clone(report.GetChecks()), func(check *snykstreamv1.CredentialCheck) bool {
		return check.GetResult() != snykstreamv1.CredentialCheck_RESULT_FAILED
	})
}

// rejection tells of failed checks, each a problem of its own, and of the way
// around them.
func rejection(message string, failed []*snykstreamv1.CredentialCheck, config *snykstreamv1.SnykConfig, groupFound string) *audit.Error {
	rejected := &audit.Error{
		Kind: audit.KindPrecondition, Reason: snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_REJECTED,
		Message: message + "; allow_unverified stores the source all the same",
	}
	for _, check := range failed {
		rejected.Problems = append(rejected.Problems, problemOfCheck(check, config, groupFound))
	}
	return rejected
}

func problemOfCheck(check *snykstreamv1.CredentialCheck, config *snykstreamv1.SnykConfig, groupFound string) audit.Problem {
	description := check.GetMessage()
	if check.GetRemedy() != "" {
		description += "; " + check.GetRemedy()
	}
	return audit.Problem{
		Type: strings.TrimPrefix(check.GetKind().String(), "KIND_"), Subject: subjectOf(check.GetKind(), config, groupFound),
		Description: description,
	}
}

// subjectOf names what a check was about. The organizations of a whole group are
// checked as one, and the group stands for them; the organization stands for a
// group that could not be found from it.
func subjectOf(kind snykstreamv1.CredentialCheck_Kind, config *snykstreamv1.SnykConfig, groupFound string) string {
	const credentials = "credentials"
	org := nameOf(audit.ScopeOrg, config.GetOrganizationId())
	group := nameOf(audit.ScopeGroup, cmp.Or(config.GetGroupId(), groupFound))
	switch kind { //nolint:exhaustive // the rest is about the credentials
	case snykstreamv1.CredentialCheck_KIND_ORGANIZATION_READABLE, snykstreamv1.CredentialCheck_KIND_ORG_AUDIT_READABLE:
		return cmp.Or(org, group, credentials)
	case snykstreamv1.CredentialCheck_KIND_GROUP_READABLE, snykstreamv1.CredentialCheck_KIND_GROUP_AUDIT_READABLE:
		return cmp.Or(group, org, credentials)
	}
	return credentials
}

// nameOf is a feed's name, empty where its id is not known.
func nameOf(scope audit.Scope, id string) string {
	if id == "" {
		return ""
	}
	return audit.Feed{Scope: scope, ID: id}.String()
}

// aboutCredentials says that an error is one that allow_unverified allows.
func aboutCredentials(err error) bool {
	known, ok := errors.AsType[*audit.Error](err)
	return ok && (known.Reason == snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_REJECTED ||
		known.Reason == snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAVAILABLE)
}

// learn notes in the record what a check told of the credential and the group.
// What it did not tell stays as it was: when the credential itself says it ends, and
// the group that was found before.
func learn(rec audit.SourceRecord, cred audit.Credential, report *snykstreamv1.ValidateCredentialsResponse) audit.SourceRecord {
	rec.Credential = cred.Info()
	proto.Merge(rec.Credential, report.GetCredential())
	if group := report.GetGroupId(); group != "" {
		rec.GroupFound = strings.ToLower(group)
	}
	return rec
}
