package audit

import (
	"slices"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// CategoryOf is the category of the event of a name: the first that fits by the
// name's segments, what stands between its dots. Names are an open set, so the
// rules do not go by a list. What fits none is OTHER: organizations and groups
// themselves, their tags and collections, billing.
func CategoryOf(name string) snykstreamv1.EventCategory {
	var space [8]string
	segments := space[:0]
	for segment := range strings.SplitSeq(name, ".") {
		segments = append(segments, segment)
	}
	switch {
	case isAPIAccess(segments):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_API_ACCESS
	case slices.ContainsFunc(segments, isServiceAccount):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_SERVICE_ACCOUNT
	case slices.ContainsFunc(segments, isRole):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE
	case slices.ContainsFunc(segments, isPolicy):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_POLICY
	case slices.ContainsFunc(segments, isLogin):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_AUTHENTICATION
	case isMembership(segments):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_MEMBERSHIP
	case slices.ContainsFunc(segments, isProject):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_PROJECT
	case slices.ContainsFunc(segments, isIntegration):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_INTEGRATION
	case slices.ContainsFunc(segments, isSettings):
		return snykstreamv1.EventCategory_EVENT_CATEGORY_SETTINGS
	}
	return snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER
}

// isNamed fits a segment that is the word, its plural, or starts with it, as
// "project" does "project_filter".
func isNamed(segment, word string) bool {
	rest, ok := strings.CutPrefix(segment, word)
	return ok && (rest == "" || rest == "s" || rest[0] == '_')
}

func isAPIAccess(segments []string) bool {
	return len(segments) == 2 && segments[0] == "api" && segments[1] == "access"
}

func isServiceAccount(segment string) bool { return isNamed(segment, "service_account") }

func isRole(segment string) bool { return isNamed(segment, "role") }

// isPolicy fits "ignore_policy" too, and both spellings of a licence.
func isPolicy(segment string) bool {
	return isNamed(segment, "policy") || strings.HasSuffix(segment, "_policy") || segment == "policies" ||
		isNamed(segment, "license") || isNamed(segment, "licence")
}

func isLogin(segment string) bool {
	return isNamed(segment, "logged_in") || isNamed(segment, "logged_out") ||
		isNamed(segment, "login") || isNamed(segment, "logout")
}

// isMembership fits who belongs to an organization or group. A person's own
// settings, "user.org.notification_settings.edit", are settings.
func isMembership(segments []string) bool {
	if segments[0] == "user" && slices.ContainsFunc(segments, isSettings) {
		return false
	}
	return slices.ContainsFunc(segments, func(segment string) bool {
		return isNamed(segment, "user") || isNamed(segment, "invite") ||
			isNamed(segment, "member") || isNamed(segment, "membership")
	})
}

func isProject(segment string) bool {
	return isNamed(segment, "project") || isNamed(segment, "target")
}

// isIntegration fits what connects to Snyk: apps and their bots, webhooks, and the
// sources that Snyk reads an organization's assets from.
func isIntegration(segment string) bool {
	return isNamed(segment, "integration") || isNamed(segment, "webhook") ||
		isNamed(segment, "app") || isNamed(segment, "org_source")
}

func isSettings(segment string) bool {
	return isNamed(segment, "settings") || strings.HasSuffix(segment, "_settings") ||
		isNamed(segment, "sso") || isNamed(segment, "feature_flag")
}
