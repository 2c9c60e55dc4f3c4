package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
)

// retryStore is when asking a store that is away makes sense again.
const retryStore = 2 * time.Second

// unavailable says that the store cannot do something now. An error of the
// caller's own context stays what it is.
func unavailable(ctx context.Context, doing string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s: %w", doing, ended)
	}
	return &audit.Error{
		Kind: audit.KindUnavailable, Reason: snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		Message: engine.Explain(err, "the journal cannot be reached or written"), RetryAfter: retryStore,
		Cause: fmt.Errorf("%s: %w", doing, err),
	}
}

// Codes of the store's refusals that the library has no names for.
const (
	codeInsufficientResources jetstream.ErrorCode = 10023
	codeAccountNotFound       jetstream.ErrorCode = 10035
	codeStorageExceeded       jetstream.ErrorCode = 10047
	codeStoreFailed           jetstream.ErrorCode = 10077
	codeStreamOffline         jetstream.ErrorCode = 10118
	codeStreamOfflineReason   jetstream.ErrorCode = 10194
)

// appendError says what the store's answer to an append means.
//
// Only a refusal says that nothing was stored. Silence, whatever its cause, and
// a refusal on account of another append that is under way leave it open.
func appendError(ctx context.Context, err error) error {
	const doing = "appending to the journal"
	var refusal *jetstream.APIError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("%s: %w: %w", doing, audit.ErrUnknownOutcome, err)
	}
	switch refusal.ErrorCode {
	case jetstream.JSErrCodeStreamWrongLastSequence:
		return fmt.Errorf("%s: %w", doing, audit.ErrFenced)
	case jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return fmt.Errorf("%s: %w: %w", doing, audit.ErrUnknownOutcome, err)
	case codeInsufficientResources, codeAccountNotFound, codeStorageExceeded, codeStoreFailed,
		codeStreamOffline, codeStreamOfflineReason,
		jetstream.JSErrCodeJetStreamNotEnabled, jetstream.JSErrCodeJetStreamNotEnabledForAccount:
		return unavailable(ctx, doing, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
