package telemetry

import (
	"context"
	"errors"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Results that are no class of Snyk's.
const (
	resultOK       = "ok"
	resultCanceled = "canceled"
	resultFailed   = "failed"
)

func snykResult(err error) string {
	if err == nil {
		return resultOK
	}
	trouble, ok := errors.AsType[*audit.SnykError](err)
	if !ok {
		return otherResult(err)
	}
	switch trouble.Class {
	case audit.SnykUnavailable:
		return "unavailable"
	case audit.SnykRateLimited:
		return "rate_limited"
	case audit.SnykUnauthenticated:
		return "unauthenticated"
	case audit.SnykForbidden:
		return "forbidden"
	case audit.SnykNotFound:
		return "not_found"
	case audit.SnykBadRequest:
		return "bad_request"
	case audit.SnykGone:
		return "gone"
	case audit.SnykBadAnswer:
		return "bad_answer"
	case audit.SnykForeignLink:
		return "foreign_link"
	}
	return resultFailed
}

func appendResult(err error) string {
	switch {
	case err == nil:
		return resultOK
	case errors.Is(err, audit.ErrFenced):
		return "fenced"
	case errors.Is(err, audit.ErrUnknownOutcome):
		return "unknown"
	}
	return otherResult(err)
}

// otherResult tells a caller who left from what failed.
func otherResult(err error) string {
	if errors.Is(err, context.Canceled) {
		return resultCanceled
	}
	return resultFailed
}

// enumPrefixes are what callers never see of an enum's names.
var enumPrefixes = []string{"ORIGIN_", "SOURCE_STATE_"}

// shortName is an enum's value as the contract writes it, without its prefix.
func shortName(value interface{ String() string }) string {
	name := value.String()
	for _, prefix := range enumPrefixes {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// states are the states a source can be in.
func states() []snykstreamv1.SourceState {
	var out []snykstreamv1.SourceState
	values := snykstreamv1.SourceState(0).Descriptor().Values()
	for i := range values.Len() {
		if state := snykstreamv1.SourceState(values.Get(i).Number()); state != snykstreamv1.SourceState_SOURCE_STATE_UNSPECIFIED {
			out = append(out, state)
		}
	}
	return out
}
