package audit

import (
	"fmt"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Scope is what a feed belongs to.
type Scope string

// The scopes Snyk keeps audit logs for.
const (
	ScopeOrg   Scope = "org"
	ScopeGroup Scope = "group"
)

// Feed is one audit log of Snyk's: that of an organization or of a group. Its
// text form, "org/<id>" or "group/<id>", is what callers see.
type Feed struct {
	Scope Scope
	ID    string
}

// ParseFeed reads the text form.
func ParseFeed(text string) (Feed, error) {
	scope, id, ok := strings.Cut(text, "/")
	if s := Scope(scope); ok && id != "" && (s == ScopeOrg || s == ScopeGroup) {
		return Feed{Scope: s, ID: id}, nil
	}
	return Feed{}, fmt.Errorf("feed %q is neither org/<id> nor group/<id>", text)
}

// String returns the text form, empty for no feed.
func (f Feed) String() string {
	if f == (Feed{}) {
		return ""
	}
	return string(f.Scope) + "/" + f.ID
}

// LogType is the log that the feed's records belong to, unspecified for no feed.
func (f Feed) LogType() snykstreamv1.LogType {
	switch f.Scope {
	case ScopeGroup:
		return snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT
	case ScopeOrg:
		return snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT
	}
	return snykstreamv1.LogType_LOG_TYPE_UNSPECIFIED
}
