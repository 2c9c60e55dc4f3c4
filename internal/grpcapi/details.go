package grpcapi

import (
	"cmp"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// reasonName is a reason as callers see it: without the enum's prefix.
func reasonName(reason snykstreamv1.ErrorReason) string {
	return strings.TrimPrefix(reason.String(), "ERROR_REASON_")
}

func info(reason snykstreamv1.ErrorReason, metadata map[string]string) *errdetails.ErrorInfo {
	return &errdetails.ErrorInfo{Reason: reasonName(reason), Domain: Domain, Metadata: metadata}
}

// violationBytes bounds the bad fields that an error names. It travels in the
// trailer, where many clients take 8 KiB in all, and clients that have no room for
// an error see another.
const violationBytes = 4 << 10

// badRequest names every bad field, or as many as there is room for, each with its own reason, so that a bad value
// is told from one that this release does not know yet. A field without a reason
// has the error's, unless that comes from another field.
func badRequest(fields []audit.FieldProblem, reason snykstreamv1.ErrorReason) *errdetails.BadRequest {
	if reason == snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED {
		reason = snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD
	}
	out, size := &errdetails.BadRequest{}, 0
	for i, field := range fields {
		violation := &errdetails.BadRequest_FieldViolation{
			Field: field.Field, Description: field.Description, Reason: reasonName(cmp.Or(field.Reason, reason)),
		}
		out.FieldViolations = append(out.FieldViolations, violation)
		if size += fieldSize(violation); size > violationBytes && i+1 < len(fields) {
			violation.Description += fmt.Sprintf("; %d more fields are bad", len(fields)-i-1)
			break
		}
	}
	return out
}

func preconditionFailure(problems []audit.Problem) *errdetails.PreconditionFailure {
	out := &errdetails.PreconditionFailure{}
	for _, problem := range problems {
		out.Violations = append(out.Violations, &errdetails.PreconditionFailure_Violation{
			Type: problem.Type, Subject: problem.Subject, Description: problem.Description,
		})
	}
	return out
}

// snykUnavailable is a trouble with Snyk that stands in the way of a request.
func snykUnavailable(trouble *audit.SnykError) *audit.Error {
	return &audit.Error{
		Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAVAILABLE,
		Message: "snyk could not be asked: " + trouble.Detail, RetryAfter: trouble.RetryAfter, Cause: trouble,
	}
}
