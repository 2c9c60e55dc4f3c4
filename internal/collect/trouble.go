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

// remedies are what helps where it is not an organization that cannot be read.
type remedies map[audit.SnykClass]string

var groupRemedies = remedies{
	audit.SnykForbidden: "the credentials need the permission group.audit.read, which Group Admins have, and the group the Enterprise plan; " +
		"or set snyk.log_types to LOG_TYPE_SNYK_ORG_AUDIT alone",
	audit.SnykNotFound: "check the group id, its region, and that the credentials may see it",
}

var listRemedies = remedies{
	audit.SnykForbidden: "the credentials need the permission to list the group's organizations (group.org.list)",
	audit.SnykNotFound:  groupRemedies[audit.SnykNotFound],
}

// remediesOf are those of a feed.
func remediesOf(id audit.Feed) remedies {
	if id.Scope == audit.ScopeGroup {
		return groupRemedies
	}
	return nil
}

// patience says when to try again, and remembers what went wrong.
type patience struct {
	soon, seldom *backoff.ExponentialBackOff
	remedies     remedies
	trouble      *audit.Trouble
	// since is when it first went wrong, refused says that trying again will hardly
	// help.
	since   time.Time
	refused bool
}

// The waits between tries.
const (
	quickestTry  = time.Second
	slowestSoon  = 15 * time.Second
	slowestOfAll = 5 * time.Minute
	jitter       = 0.2
)

func newPatience(special remedies) patience {
	return patience{soon: tries(quickestTry, slowestSoon), seldom: tries(quickestTry, slowestOfAll), remedies: special}
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
	p.trouble, p.since = nil, time.Time{}
}

// failed takes note of an error and says how long to wait.
func (p *patience) failed(err error) time.Duration {
	what, wait := diagnose(err, p.remedies), time.Duration(0)
	if p.since.IsZero() {
		p.since = time.Now()
	}
	p.refused = what.refused
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
		Time: p.since, State: what.state, Reason: what.reason, Message: message(err, what),
		HTTPStatus: snyk.HTTPStatus, RequestID: snyk.RequestID,
		RetryTime: time.Now().Add(wait),
	}
	return wait
}

func diagnose(err error, special remedies) diagnosis {
	if snyk, ok := errors.AsType[*audit.SnykError](err); ok {
		out := diagnoses[snyk.Class]
		if remedy := special[snyk.Class]; remedy != "" {
			out.remedy = remedy
		}
		return out
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
