package collect

import (
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// diagnosis is what a class of Snyk's troubles means for a feed.
type diagnosis struct {
	state  snykstreamv1.SourceState
	reason snykstreamv1.ErrorReason
	remedy string
	// refused says that trying again soon will hardly help: the tries grow apart.
	refused bool
}

var diagnoses = map[audit.SnykClass]diagnosis{
	audit.SnykUnavailable: {
		snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAVAILABLE,
		"it is tried again", false,
	},
	audit.SnykRateLimited: {
		snykstreamv1.SourceState_SOURCE_STATE_RATE_LIMITED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_RATE_LIMITED,
		"polling goes on when the limit is lifted", false,
	},
	audit.SnykUnauthenticated: {
		snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAUTHENTICATED,
		"give the source new credentials of its region with UpdateSource", true,
	},
	audit.SnykForbidden: {
		snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_FORBIDDEN,
		"the credentials need the permission org.audit_log.read, and the organization the Enterprise plan", true,
	},
	audit.SnykNotFound: {
		snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_NOT_FOUND,
		"check the organization id, its region, and that the credentials may see it", true,
	},
	audit.SnykBadRequest: {
		snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_BAD_REQUEST,
		"it is tried again; if it stays, tell Snyk's support the request id", true,
	},
	audit.SnykGone: {
		snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_GONE,
		"Snyk no longer offers this endpoint: look for a newer release", true,
	},
	audit.SnykBadAnswer: {
		snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_BAD_ANSWER,
		"it is read again", false,
	},
	audit.SnykForeignLink: {
		snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, snykstreamv1.ErrorReason_ERROR_REASON_SNYK_FOREIGN_LINK,
		"the reading starts again", false,
	},
}

// patience says when to try again, and remembers what went wrong.
type patience struct {
	soon, seldom *backoff.ExponentialBackOff
	trouble      *audit.Trouble
}

// The waits between tries.
const (
	quickestTry  = time.Second
	slowestSoon  = 15 * time.Second
	slowestOfAll = 5 * time.Minute
	jitter       = 0.2
)

func newPatience() patience {
	return patience{soon: tries(quickestTry, slowestSoon), seldom: tries(quickestTry, slowestOfAll)}
}

// tries are waits that double, with jitter, up to the longest.
func tries(first, longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.RandomizationFactor = first, 2, jitter
	// The jitter lengthens waits too.
	b.MaxInterval = time.Duration(float64(longest) / (1 + jitter))
	return b
}

// succeeded starts the waits over.
func (p *patience) succeeded() {
	p.soon.Reset()
	p.seldom.Reset()
	p.trouble = nil
}

// failed takes note of an error and says how long to wait.
func (p *patience) failed(err error) time.Duration {
	what, wait := diagnose(err), time.Duration(0)
	snyk, ok := errors.AsType[*audit.SnykError](err)
	if !ok {
		snyk = &audit.SnykError{}
	}
	switch {
	case snyk.RetryAfter > 0:
		wait = snyk.RetryAfter
	case what.refused:
		wait = p.seldom.NextBackOff()
	default:
		wait = p.soon.NextBackOff()
	}
	p.trouble = &audit.Trouble{
		State: what.state, Reason: what.reason, Message: message(err, what),
		HTTPStatus: snyk.HTTPStatus, RequestID: snyk.RequestID,
		RetryTime: time.Now().Add(wait),
	}
	return wait
}

func diagnose(err error) diagnosis {
	if snyk, ok := errors.AsType[*audit.SnykError](err); ok {
		return diagnoses[snyk.Class]
	}
	out := diagnosis{
		state: snykstreamv1.SourceState_SOURCE_STATE_DEGRADED, reason: snykstreamv1.ErrorReason_ERROR_REASON_INTERNAL,
		remedy: "it is tried again",
	}
	if errors.Is(err, audit.ErrUnknownOutcome) {
		out.reason = snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE
	}
	if known, ok := errors.AsType[*audit.Error](err); ok {
		out.reason = known.Reason
	}
	if out.reason == snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE {
		out.state, out.refused = snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED, true
		out.remedy = "give the source new credentials with UpdateSource"
	}
	return out
}

// message is safe for callers: Snyk's errors are, the service's own say it of
// theirs, and of anything else only that it happened.
func message(err error, what diagnosis) string {
	text := "an unexpected fault; the log has the details"
	if snyk, ok := errors.AsType[*audit.SnykError](err); ok {
		text = snyk.Error()
	} else if known, ok := errors.AsType[*audit.Error](err); ok {
		text = known.Message
	} else if errors.Is(err, audit.ErrUnknownOutcome) {
		text = "the journal did not say whether the last events are stored"
	}
	return text + "; " + what.remedy
}
