package audit

import (
	"fmt"
	"time"
)

// Search asks for a feed's records with From <= created < To, oldest first.
type Search struct {
	Feed     Feed
	From, To time.Time
	// Lane says whether api.access records are asked for, or all others.
	Lane LaneKind
	// Background says that the request can wait for others of its credential:
	// history and sweeps yield to live events.
	Background bool
}

// Answer is one page of Snyk's audit log.
type Answer struct {
	// Items are the records byte for byte as sent, in the order sent.
	Items [][]byte
	// Next leads to the next page, as Snyk wrote it. Empty on the last page.
	Next string
	// ServerTime is Snyk's clock when it answered; zero where it did not say.
	ServerTime time.Time
	// RequestID is the id Snyk's support asks for.
	RequestID string
}

// Organization is an organization as Snyk's directory shows it.
type Organization struct{ ID, Name, Slug, GroupID string }

// SnykClass is what sort of trouble an answer of Snyk's tells.
type SnykClass int

// The classes of trouble. All are tried again; they differ in how soon and in
// what a person can do.
const (
	// SnykUnavailable: no answer, or one that says to try again (5xx, network).
	SnykUnavailable SnykClass = iota
	// SnykRateLimited: silence is asked for (429).
	SnykRateLimited
	// SnykUnauthenticated: the credential is not accepted (401).
	SnykUnauthenticated
	// SnykForbidden: the credential may not do this (403).
	SnykForbidden
	// SnykNotFound: no such organization or group (404).
	SnykNotFound
	// SnykBadRequest: the request is refused (400 and other 4xx).
	SnykBadRequest
	// SnykGone: the endpoint is no longer offered (410).
	SnykGone
	// SnykBadAnswer: an answer that is no audit log, is cut, too large, or
	// contradicts itself.
	SnykBadAnswer
	// SnykForeignLink: a link or redirect leads to another host.
	SnykForeignLink
)

// SnykError is a trouble with Snyk. Its text is safe for callers: no secret, no
// more than a line of Snyk's own words.
type SnykError struct {
	Class      SnykClass
	HTTPStatus int
	RequestID  string
	// Detail says what happened, in Snyk's words where it has some.
	Detail string
	// RetryAfter is the silence asked for, with SnykRateLimited.
	RetryAfter time.Duration
	Err        error
}

// Error implements error.
func (e *SnykError) Error() string {
	text := "snyk: " + e.Detail
	if e.HTTPStatus != 0 {
		text = fmt.Sprintf("snyk answered %d: %s", e.HTTPStatus, e.Detail)
	}
	if e.RequestID != "" {
		text += " (snyk-request-id " + e.RequestID + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *SnykError) Unwrap() error { return e.Err }
