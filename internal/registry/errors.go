package registry

import (
	"context"
	"fmt"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
)

const retryAfter = time.Second

func notFound(id string) error {
	return &audit.Error{
		Kind: audit.KindNotFound, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_NOT_FOUND,
		Message: fmt.Sprintf("no source has the id %q", id),
	}
}

func exists(id string) error {
	return &audit.Error{
		Kind: audit.KindExists, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_EXISTS,
		Message: fmt.Sprintf("a source with the id %q exists", id),
	}
}

func idInUse(id string, until time.Time) error {
	return &audit.Error{
		Kind: audit.KindExists, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_ID_IN_USE,
		Message: fmt.Sprintf("events of a deleted source with the id %q are kept until %s: until then the id is free "+
			"for the same organization and group only", id, until.UTC().Format(time.RFC3339)),
	}
}

func etagMismatch(id string) error {
	return &audit.Error{
		Kind: audit.KindAborted, Reason: snykstreamv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
		Message: fmt.Sprintf("source %q changed since its etag was read: read it again", id),
	}
}

func unreadable(why string, cause error) error {
	return &audit.Error{
		Kind: audit.KindPrecondition, Reason: snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE,
		Message: why + "; give the source its credentials again", Cause: cause,
	}
}

func internal(cause error) error {
	return &audit.Error{
		Kind: audit.KindInternal, Reason: snykstreamv1.ErrorReason_ERROR_REASON_INTERNAL,
		Message: "the registry is damaged", Cause: cause,
	}
}

// unavailable is the store's failure, unless it is only the caller who left.
func unavailable(ctx context.Context, doing string, cause error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return &audit.Error{
		Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		Message: engine.Explain(cause, "the store of the sources cannot be reached or written"), RetryAfter: retryAfter,
		Cause: fmt.Errorf("%s: %w", doing, cause),
	}
}
