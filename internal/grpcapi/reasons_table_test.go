package grpcapi

import (
	"google.golang.org/grpc/codes"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// reasonRow documents a reason. Reasons without codes stand in FeedError alone.
type reasonRow struct {
	reason snykstreamv1.ErrorReason
	codes  []codes.Code
	when   string
	do     string
}

// reasonRows is the table that docs/errors.md is made of, and that every error
// seen in a test is held against.
var reasonRows = []reasonRow{
	{
		snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		[]codes.Code{codes.InvalidArgument},
		"Fields of the request are malformed, or contradict each other.",
		"Correct the fields that `BadRequest` names; it names all of them. A violation with an empty field is about the request's bytes.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED,
		[]codes.Code{codes.InvalidArgument, codes.Unimplemented},
		"The contract has it, this release does not build it: a field or a value of one (`INVALID_ARGUMENT`), or a method (`UNIMPLEMENTED`).",
		"Do without, or upgrade the server. In `BadRequest` each violation's own reason tells such a field from a bad one.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_NOT_FOUND,
		[]codes.Code{codes.NotFound},
		"No source has the id, or it is deleted.",
		"List the sources.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_EXISTS,
		[]codes.Code{codes.AlreadyExists},
		"A source with the id exists.",
		"After a retry: the first try succeeded. Else take another id.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_ID_IN_USE,
		[]codes.Code{codes.AlreadyExists},
		"Events of a deleted source with the id are kept, and the new source reads another organization or group.",
		"Take another id, or wait until retention has taken the events.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
		[]codes.Code{codes.Aborted},
		"The source changed since the etag was read.",
		"Read the source again and repeat the change on what it is now.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_REJECTED,
		[]codes.Code{codes.FailedPrecondition},
		"Snyk does not accept the credentials, they may not read the log, or a group that an update names is not there or not the organization's.",
		"Follow `PreconditionFailure`: a violation for each failed check, with its remedy. `ValidateCredentials` gives the whole report. " +
			"`allow_unverified` stores the source all the same.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAVAILABLE,
		[]codes.Code{codes.Unavailable},
		"Snyk could not be reached, or had trouble of its own, so nothing is known about the credentials.",
		"Try again after `RetryInfo`, or create or update the source with `allow_unverified`.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
		[]codes.Code{codes.InvalidArgument},
		"The resume token is malformed, tampered with or from another installation.",
		"Use a token as it came from this installation, or start at another position.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED,
		[]codes.Code{codes.OutOfRange},
		"Retention has passed the position: events after it are gone.",
		"Decide what the loss means, then start with `oldest_resume_token` of the metadata, or with `on_expired_token`.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_AHEAD,
		[]codes.Code{codes.OutOfRange},
		"The position lies ahead of the journal, or in a history that it does not have: a backup was restored.",
		"Start with `oldest_resume_token` of the metadata and drop what is known by (source_id, id).",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_DRAINING,
		[]codes.Code{codes.Unavailable},
		"The server is stopping.",
		"Connect again after `RetryInfo`, with the last resume token.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_CONNECTION_AGED,
		[]codes.Code{codes.Unavailable},
		"The connection has reached the age at which the server closes connections, so that callers spread over its replicas.",
		"Connect again after `RetryInfo`, with the last resume token.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		[]codes.Code{codes.Unavailable},
		"The journal or the registry cannot be reached or written, such as on a full disk.",
		"Try again after `RetryInfo`. If it lasts, see the server's log.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SCHEMA_NOT_FOUND,
		[]codes.Code{codes.NotFound},
		"No schema has the name.",
		"List the schemas; the message names them too.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_INTERNAL,
		[]codes.Code{codes.Internal},
		"A fault of the service. The text is always the same.",
		"Look for `error_id` of the metadata in the server's log, and report it.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED,
		[]codes.Code{codes.ResourceExhausted},
		"The caller has as many streams as one may have.",
		"Close some, share one, or try again after `RetryInfo`; `--max-streams-per-caller` sets the quota.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_COST,
		[]codes.Code{codes.ResourceExhausted},
		"An event made the filter's `expression` more expensive than expressions may be. What was gathered before it was sent.",
		"Make the expression cheaper, or put what narrows it down into structured fields; trying again does not help. The metadata names the filter and the event.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_FAILED,
		[]codes.Code{codes.FailedPrecondition},
		"The filter's `expression` cannot be evaluated for an event, such as one that divides by zero. What was gathered before it was sent.",
		"Have the expression ask first. The metadata names the filter and the event.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		[]codes.Code{codes.Unauthenticated},
		"The server does not know the caller.",
		"Connect with a certificate or token that the server accepts.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		[]codes.Code{codes.PermissionDenied},
		"The caller may not do this.",
		"Ask whoever keeps the access rules.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_UNKNOWN_METHOD,
		[]codes.Code{codes.Unimplemented},
		"No release has the method.",
		"Check the name against server reflection.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_CANCELLED,
		[]codes.Code{codes.Canceled},
		"The caller hung up.",
		"Nothing. gRPC libraries mostly answer this themselves, without `ErrorInfo`: go by the code.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED,
		[]codes.Code{codes.DeadlineExceeded},
		"The caller's deadline passed. A change may have been made all the same.",
		"Read the source before repeating a change. gRPC libraries mostly answer this themselves, without `ErrorInfo`: go by the code.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAUTHENTICATED, nil,
		"Snyk does not accept the credentials (401).",
		"Give the source new credentials.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_FORBIDDEN, nil,
		"The credentials may not read this log (403).",
		"Give their owner the permission to read the audit log (`org.audit_log.read` for an organization's, `group.audit.read` for a group's), and see that the plan has it.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_NOT_FOUND, nil,
		"Snyk knows no such organization or group, or hides it from the credentials (404).",
		"Check the id and the region.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_RATE_LIMITED, nil,
		"Snyk asks for silence (429).",
		"Nothing: polling goes on after it. If it lasts, see who else uses the credentials, or poll less often.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_BAD_REQUEST, nil,
		"Snyk refuses the request (400).",
		"Report it with the snyk_request_id.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_GONE, nil,
		"Snyk no longer offers the endpoint (410).",
		"Upgrade the server.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_BAD_ANSWER, nil,
		"Snyk's answer is not one of its audit log, or contradicts itself.",
		"See that no proxy stands between. If it lasts, report it with the snyk_request_id.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_SNYK_FOREIGN_LINK, nil,
		"A link in Snyk's answer leads to another host. It was not followed.",
		"See that `--snyk-endpoint` names the right host and no proxy rewrites answers.",
	},
	{
		snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE,
		[]codes.Code{codes.FailedPrecondition},
		"The source has no stored credentials that can be opened, such as after the sealing key was replaced.",
		"Give the source its credentials again, with `UpdateSource`.",
	},
}
