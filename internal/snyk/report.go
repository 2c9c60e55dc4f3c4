package snyk

import (
	"context"
	"errors"
	"slices"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// report collects what the checks found.
type report struct {
	out *snykstreamv1.ValidateCredentialsResponse
	// outage is the first failure that says nothing about the credential; refused
	// says that there was one that does.
	outage  *audit.SnykError
	refused bool
}

func newReport(cred audit.Credential) *report {
	return &report{out: &snykstreamv1.ValidateCredentialsResponse{Credential: cred.Info()}}
}

// set puts in a check's finding in place of what stood there.
func (r *report) set(found *snykstreamv1.CredentialCheck) {
	at := slices.IndexFunc(r.out.GetChecks(), func(c *snykstreamv1.CredentialCheck) bool {
		return c.GetKind() == found.GetKind()
	})
	if at < 0 {
		r.out.Checks = append(r.out.Checks, found)
		return
	}
	r.out.Checks[at] = found
}

// check is what stands in the report for a kind, nil where nothing does.
func (r *report) check(kind snykstreamv1.CredentialCheck_Kind) *snykstreamv1.CredentialCheck {
	for _, found := range r.out.GetChecks() {
		if found.GetKind() == kind {
			return found
		}
	}
	return nil
}

// skip says why checks are not made.
func (r *report) skip(why string, kinds ...snykstreamv1.CredentialCheck_Kind) {
	for _, kind := range kinds {
		r.set(&snykstreamv1.CredentialCheck{Kind: kind, Result: skipped, Message: why})
	}
}

// pass says what an answer proved.
func (r *report) pass(kind snykstreamv1.CredentialCheck_Kind, message string, by *response) {
	found := &snykstreamv1.CredentialCheck{Kind: kind, Result: passed, Message: message}
	if by != nil {
		found.HttpStatus, found.SnykRequestId = int32(by.status), by.requestID //nolint:gosec // three digits
	}
	r.set(found)
}

// advice is a finding that a person should know, and what to do about it.
type advice struct{ message, remedy string }

// warn says what is worth a look. The trouble may be nil.
func (r *report) warn(kind snykstreamv1.CredentialCheck_Kind, say advice, trouble *audit.SnykError) {
	r.set(finding(kind, warning, say, trouble))
}

// fail says what stands in the way. The trouble is nil where Snyk was not asked.
func (r *report) fail(kind snykstreamv1.CredentialCheck_Kind, say advice, trouble *audit.SnykError) {
	r.set(finding(kind, failed, say, trouble))
	switch {
	case !outage(trouble):
		r.refused = true
	case r.outage == nil:
		r.outage = trouble
	}
}

// outage says that Snyk could not be asked, which says nothing about what was
// asked for.
func outage(trouble *audit.SnykError) bool {
	return trouble != nil && (trouble.Class == audit.SnykUnavailable || trouble.Class == audit.SnykRateLimited)
}

func finding(
	kind snykstreamv1.CredentialCheck_Kind, result snykstreamv1.CredentialCheck_Result, say advice, trouble *audit.SnykError,
) *snykstreamv1.CredentialCheck {
	found := &snykstreamv1.CredentialCheck{Kind: kind, Result: result, Message: say.message, Remedy: say.remedy}
	if trouble != nil {
		found.HttpStatus, found.SnykRequestId = int32(trouble.HTTPStatus), trouble.RequestID //nolint:gosec // three digits
	}
	return found
}

// finish closes the report. See Clients.Check for its error.
func (r *report) finish() (*snykstreamv1.ValidateCredentialsResponse, error) {
	r.out.Valid = !r.refused && r.outage == nil
	if r.outage != nil && !r.refused {
		return r.out, r.outage
	}
	return r.out, nil
}

// asTrouble is the error of a request as a trouble with Snyk: a check's own time
// is up where a context ended.
func asTrouble(err error) *audit.SnykError {
	var trouble *audit.SnykError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &trouble):
		return trouble
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &audit.SnykError{
			Class: audit.SnykUnavailable, Detail: "no answer within the " + checkTimeout.String() + " that a check may take",
		}
	}
	return &audit.SnykError{Class: audit.SnykUnavailable, Detail: "the request could not be made"}
}
