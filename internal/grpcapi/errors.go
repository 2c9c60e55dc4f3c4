package grpcapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// Domain is ErrorInfo.domain of every error.
	Domain = "snykstream"
	// defaultRetry is RetryInfo's delay where an error that is worth a retry does
	// not say one.
	defaultRetry = time.Second
	// internalMessage is the whole text of an INTERNAL error. The log has the rest.
	internalMessage = "internal error: the server's log has the details"
)

// mapping is the status code of a kind of error, and the reason of one that does
// not say its own.
type mapping struct {
	code   codes.Code
	reason snykstreamv1.ErrorReason
}

var mappings = map[audit.Kind]mapping{
	audit.KindInternal:        {codes.Internal, snykstreamv1.ErrorReason_ERROR_REASON_INTERNAL},
	audit.KindInvalid:         {codes.InvalidArgument, snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD},
	audit.KindUnauthenticated: {codes.Unauthenticated, snykstreamv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED},
	audit.KindPermission:      {codes.PermissionDenied, snykstreamv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED},
	audit.KindNotFound:        {codes.NotFound, snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_NOT_FOUND},
	audit.KindExists:          {codes.AlreadyExists, snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_EXISTS},
	audit.KindPrecondition:    {codes.FailedPrecondition, snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_REJECTED},
	audit.KindAborted:         {codes.Aborted, snykstreamv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH},
	audit.KindOutOfRange:      {codes.OutOfRange, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED},
	audit.KindExhausted:       {codes.ResourceExhausted, snykstreamv1.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED},
	audit.KindUnavailable:     {codes.Unavailable, snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE},
	audit.KindUnimplemented:   {codes.Unimplemented, snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED},
}

// ToStatus converts any error to the status that callers see. It is the one
// place that does: the interceptors apply it to whatever a handler returns.
//
// An *audit.Error becomes its kind's code with ErrorInfo, and with BadRequest,
// PreconditionFailure and RetryInfo where they apply. The end of a context
// becomes CANCELLED or DEADLINE_EXCEEDED. A trouble with Snyk that no handler
// took care of becomes UNAVAILABLE. What is left is INTERNAL with a fixed text.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*audit.Error](err); ok {
		return fromDomain(known)
	}
	if trouble, ok := errors.AsType[*audit.SnykError](err); ok {
		return fromDomain(snykUnavailable(trouble))
	}
	switch {
	case errors.Is(err, context.Canceled):
		return withInfo(codes.Canceled, "the call was cancelled", snykstreamv1.ErrorReason_ERROR_REASON_CANCELLED)
	case errors.Is(err, context.DeadlineExceeded):
		return withInfo(codes.DeadlineExceeded, "the call's deadline passed", snykstreamv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED)
	}
	if st, ok := status.FromError(err); ok {
		return fromStatus(st)
	}
	return fromDomain(&audit.Error{Kind: audit.KindInternal})
}

// fromStatus takes what gRPC itself answers inside a handler: a broken stream, a
// method that only its generated stub implements.
func fromStatus(st *status.Status) error {
	if slices.ContainsFunc(st.Details(), isOurs) {
		return st.Err()
	}
	switch st.Code() { //nolint:exhaustive // the rest is not for callers
	case codes.Canceled:
		return ToStatus(context.Canceled)
	case codes.DeadlineExceeded:
		return ToStatus(context.DeadlineExceeded)
	case codes.Unimplemented:
		return fromDomain(notYetSupported())
	case codes.Unavailable:
		return fromDomain(&audit.Error{Kind: audit.KindUnavailable, Message: "the connection broke"})
	}
	return fromDomain(&audit.Error{Kind: audit.KindInternal})
}

func isOurs(detail any) bool {
	info, ok := detail.(*errdetails.ErrorInfo)
	return ok && info.GetDomain() == Domain
}

func fromDomain(e *audit.Error) error {
	to, ok := mappings[e.Kind]
	if !ok || to.code == codes.Internal {
		to = mappings[audit.KindInternal]
		e = &audit.Error{Message: internalMessage, Metadata: e.Metadata}
	}
	reason := cmp.Or(e.Reason, to.reason)
	details := []protoadapt.MessageV1{info(reason, e.Metadata)}
	if len(e.Fields) > 0 {
		details = append(details, badRequest(e.Fields, reason))
	}
	if len(e.Problems) > 0 {
		details = append(details, preconditionFailure(e.Problems))
	}
	if wait := retryAfter(e); wait > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	}
	return withDetails(to.code, message(e), details...)
}

// retryAfter is set on every error that is worth a retry by itself.
func retryAfter(e *audit.Error) time.Duration {
	passes := e.Kind == audit.KindUnavailable ||
		e.Kind == audit.KindExhausted && e.Reason != snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_COST
	if e.RetryAfter <= 0 && passes {
		return defaultRetry
	}
	return e.RetryAfter
}

// message is the error's text with what its details say, for the many clients
// that show nothing else.
func message(e *audit.Error) string {
	const most = 5
	var more []string
	for _, field := range e.Fields {
		more = append(more, strings.TrimPrefix(field.Field+": "+field.Description, ": "))
	}
	for _, problem := range e.Problems {
		more = append(more, problem.Type+": "+problem.Description)
	}
	if len(more) == 0 {
		return e.Message
	}
	if rest := len(more) - most; rest > 0 {
		more = append(more[:most], fmt.Sprintf("and %d more", rest))
	}
	return e.Message + ": " + strings.Join(more, "; ")
}

func withInfo(code codes.Code, text string, reason snykstreamv1.ErrorReason) error {
	return withDetails(code, text, info(reason, nil))
}

func withDetails(code codes.Code, text string, details ...protoadapt.MessageV1) error {
	st, err := status.New(code, text).WithDetails(details...)
	if err != nil { // only for OK, or a message that cannot be encoded
		return status.Error(codes.Internal, internalMessage)
	}
	return st.Err()
}
