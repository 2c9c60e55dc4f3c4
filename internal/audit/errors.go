package audit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Kind is what sort of trouble an Error is. Each kind has one status code.
type Kind int

// The kinds of error that reach callers.
const (
	KindInternal Kind = iota
	KindInvalid
	KindUnauthenticated
	KindPermission
	KindNotFound
	KindExists
	KindPrecondition
	KindAborted
	KindOutOfRange
	KindExhausted
	KindUnavailable
	KindUnimplemented
)

// FieldProblem is one bad field of a request: its path from the request's root
// in proto names, and what would be right.
type FieldProblem struct {
	Field, Description string
	// Reason is INVALID_FIELD where it is unspecified, else NOT_YET_SUPPORTED.
	Reason snykstreamv1.ErrorReason
}

// Problem is one condition that stands in the way of a request.
type Problem struct{ Type, Subject, Description string }

// Error is an error that callers see. Message is safe for them; Cause is for the
// log alone.
type Error struct {
	Kind    Kind
	Reason  snykstreamv1.ErrorReason
	Message string
	// Fields are set on KindInvalid, Problems on KindPrecondition.
	Fields   []FieldProblem
	Problems []Problem
	// RetryAfter is set where trying again makes sense.
	RetryAfter time.Duration
	// Metadata goes into ErrorInfo.
	Metadata map[string]string
	Cause    error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Cause)
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// IsKind says whether err is, or wraps, an Error of the kind.
func IsKind(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// ReasonName is the reason as callers see it, without the enum's prefix.
func ReasonName(reason snykstreamv1.ErrorReason) string {
	return strings.TrimPrefix(reason.String(), "ERROR_REASON_")
}

// Invalid makes an error for bad fields of a request. Its reason is
// NOT_YET_SUPPORTED where that is the reason of any field: such a request cannot
// be mended by correcting values alone.
func Invalid(fields ...FieldProblem) *Error {
	reason := snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD
	for _, field := range fields {
		if field.Reason == snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED {
			reason = field.Reason
		}
	}
	return &Error{Kind: KindInvalid, Reason: reason, Message: "the request has bad fields", Fields: fields}
}

// Errors of the journal's writers, for errors.Is.
var (
	// ErrFenced says that another writer was first: nothing was stored. Load the
	// source again and step again.
	ErrFenced = errors.New("another writer appended to the source first")
	// ErrUnknownOutcome says that an append may or may not be stored. Load the
	// source again before concluding anything.
	ErrUnknownOutcome = errors.New("the append's outcome is unknown")
)
