package grpcapi

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestToStatus(t *testing.T) {
	withDetail, err := status.New(codes.Unavailable, "as it was").WithDetails(
		&errdetails.ErrorInfo{Reason: "DRAINING", Domain: Domain})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		err    error
		code   codes.Code
		reason string
		text   string
		retry  time.Duration
	}{
		"a kind and a reason": {
			err:  &audit.Error{Kind: audit.KindNotFound, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SCHEMA_NOT_FOUND, Message: "no such"},
			code: codes.NotFound, reason: "SCHEMA_NOT_FOUND", text: "no such",
		},
		"wrapped, with a cause": {
			err: fmt.Errorf("get: %w", &audit.Error{
				Kind: audit.KindAborted, Message: "changed", Cause: errors.New("revision 7"),
			}),
			code: codes.Aborted, reason: "ETAG_MISMATCH", text: "changed",
		},
		"unavailable is worth a retry": {
			err:  &audit.Error{Kind: audit.KindUnavailable, Message: "disk full"},
			code: codes.Unavailable, reason: "STORE_UNAVAILABLE", text: "disk full", retry: defaultRetry,
		},
		"a quota says when": {
			err:  &audit.Error{Kind: audit.KindExhausted, Message: "too many", RetryAfter: time.Minute},
			code: codes.ResourceExhausted, reason: "QUOTA_EXCEEDED", text: "too many", retry: time.Minute,
		},
		"an expression too expensive is not worth a retry": {
			err: &audit.Error{
				Kind: audit.KindExhausted, Reason: snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_COST, Message: "too expensive",
			},
			code: codes.ResourceExhausted, reason: "EXPRESSION_COST", text: "too expensive",
		},
		"internal keeps its text": {
			err:  &audit.Error{Kind: audit.KindInternal, Message: "line 7 of seal.go"},
			code: codes.Internal, reason: "INTERNAL", text: internalMessage,
		},
		"an unknown kind": {
			err:  &audit.Error{Kind: 99, Message: "odd"},
			code: codes.Internal, reason: "INTERNAL", text: internalMessage,
		},
		"unmapped": {
			err: errors.New("open /secret/path"), code: codes.Internal, reason: "INTERNAL", text: internalMessage,
		},
		"snyk": {
			err:  &audit.SnykError{Class: audit.SnykRateLimited, Detail: "too many requests", RetryAfter: time.Minute},
			code: codes.Unavailable, reason: "SNYK_UNAVAILABLE", text: "snyk could not be asked: too many requests", retry: time.Minute,
		},
		"cancelled": {
			err: fmt.Errorf("read: %w", context.Canceled), code: codes.Canceled, reason: "CANCELLED", text: "the call was cancelled",
		},
		"deadline": {
			err: context.DeadlineExceeded, code: codes.DeadlineExceeded, reason: "DEADLINE_EXCEEDED", text: "the call's deadline passed",
		},
		"gRPC's own cancellation": {
			err: status.Error(codes.Canceled, "x"), code: codes.Canceled, reason: "CANCELLED", text: "the call was cancelled",
		},
		"gRPC's own stub": {
			err: status.Error(codes.Unimplemented, "x"), code: codes.Unimplemented, reason: "NOT_YET_SUPPORTED",
			text: "this release does not build the method yet",
		},
		"gRPC's broken connection": {
			err:  status.Error(codes.Unavailable, "transport is closing"),
			code: codes.Unavailable, reason: "STORE_UNAVAILABLE", text: "the connection broke", retry: defaultRetry,
		},
		"gRPC's own other": {
			err: status.Error(codes.DataLoss, "x"), code: codes.Internal, reason: "INTERNAL", text: internalMessage,
		},
		"converted before": {
			err: withDetail.Err(), code: codes.Unavailable, reason: "DRAINING", text: "as it was",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := wantFailure(t, ToStatus(test.err), test.code, test.reason)
			if f.text != test.text || f.retry != test.retry {
				t.Errorf("got %q, retry after %s; want %q, %s", f.text, f.retry, test.text, test.retry)
			}
		})
	}
	if ToStatus(nil) != nil {
		t.Error("no error became one")
	}
}

func TestToStatusNamesFields(t *testing.T) {
	f := wantFailure(t, ToStatus(audit.Invalid(
		audit.FieldProblem{Field: "a.b", Description: "must be less"},
		unsupported("c", "is for later"),
	)), codes.InvalidArgument, "NOT_YET_SUPPORTED", "a.b", "c")
	if want := "the request has bad fields: a.b: must be less; c: is for later"; f.text != want {
		t.Errorf("got %q, want %q", f.text, want)
	}
	reasons := []string{f.bad["a.b"].GetReason(), f.bad["c"].GetReason()}
	if diff := cmp.Diff([]string{"INVALID_FIELD", "NOT_YET_SUPPORTED"}, reasons); diff != "" {
		t.Errorf("each field has its own reason (-want +got):\n%s", diff)
	}
	if got := f.bad["a.b"].GetDescription(); got != "must be less" {
		t.Errorf("description %q", got)
	}
}

func TestToStatusShortensLongLists(t *testing.T) {
	var many []audit.FieldProblem
	for i := range 20 {
		many = append(many, audit.FieldProblem{Field: fmt.Sprintf("f%02d", i), Description: "bad"})
	}
	f := failureOf(t, ToStatus(audit.Invalid(many...)))
	if want := "the request has bad fields: f00: bad; f01: bad; f02: bad; f03: bad; f04: bad; and 15 more"; f.text != want {
		t.Errorf("got %q, want %q", f.text, want)
	}
	if len(f.fields) != len(many) {
		t.Errorf("BadRequest has %d fields, want all %d", len(f.fields), len(many))
	}
}

func TestToStatusTellsViolationsAndMetadata(t *testing.T) {
	f := wantFailure(t, ToStatus(&audit.Error{
		Kind: audit.KindPrecondition, Message: "rejected",
		Problems: []audit.Problem{{Type: "EXPIRY", Subject: "credentials", Description: "has ended"}},
		Metadata: map[string]string{"k": "v"},
	}), codes.FailedPrecondition, "CREDENTIALS_REJECTED")
	if len(f.violations) != 1 || f.violations[0].GetType() != "EXPIRY" ||
		f.violations[0].GetSubject() != "credentials" || f.violations[0].GetDescription() != "has ended" {
		t.Errorf("got %v", f.violations)
	}
	if f.metadata["k"] != "v" {
		t.Errorf("metadata %v", f.metadata)
	}
	if want := "rejected: EXPIRY: has ended"; f.text != want {
		t.Errorf("got %q, want %q", f.text, want)
	}
}
