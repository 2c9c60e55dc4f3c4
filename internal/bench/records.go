package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// recordBytes is what a record takes as Snyk sends it.
	recordBytes = 800
	// pageEvents is what an answer of Snyk's holds at most.
	pageEvents = 100

	sourceID       = "bench"
	organizationID = "a040f8e3-0a53-4b5c-b0e3-39c4bd2bd4d4"
	groupID        = "7bb4a3ad-3b5a-4d9c-8d2e-2a0e0a7f6a11"
)

var organization = audit.Feed{Scope: audit.ScopeOrg, ID: organizationID}

// What a filter in the benchmarks asks for: of ten records one is a role's edit, and
// five are of projects.
const (
	tenthName  = "org.user.role.edit"
	halfNames  = "org.project.*"
	halfPrefix = "org.project."
)

// names are the records' names in turn.
var names = [10]string{
	tenthName,
	"org.project.monitor", "org.project.add", "org.project.tag.add", "org.project.ignore.create", "org.project.edit",
	"org.target.create", "org.integration.settings.edit", "org.user.invite", "org.policy.edit",
}

// content is that of record n, of a size that makes the whole record recordBytes: a
// dozen values in nested objects, and a text for the rest.
func content(n int) string {
	if names[n%len(names)] == tenthName {
		return padded(fmt.Sprintf(`{"before":{"role":"COLLABORATOR","rolePublicId":%q},"after":{"role":"ADMIN","rolePublicId":%q},`+
			`"userPublicId":%q,"email":"person-%d@example.com","reason":`, id("5b1a", n%7), id("c9e8", n%5), id("7c2f", n%50), n%50))
	}
	return padded(fmt.Sprintf(`{"name":"acme/service-%d:package.json","origin":"github","type":"npm","branch":"main","testFrequency":"daily",`+
		`"targetPublicId":%q,"settings":{"pullRequestTest":true,"severity":"high","retries":%d},"tags":["team-%d","tier-1"],"description":`,
		n%300, id("91aa", n%300), n%4, n%12))
}

// envelope is what a record takes beside its content.
const envelope = 278

// padded ends an object that lacks the value of its last key.
func padded(object string) string {
	text := "Changed by the nightly synchronisation of teams, repositories and their settings. "
	rest := recordBytes - envelope - len(object) - len(`""}`)
	return object + `"` + strings.Repeat(text, rest/len(text)+1)[:rest] + `"}`
}

// id is an id that is like a UUID, of so many in circulation.
func id(start string, n int) string { return fmt.Sprintf("%s0000-6d7f-4a53-9d1a-%012x", start, n) }

// raw is record n as Snyk sends it.
func raw(n int, created time.Time) []byte {
	return fmt.Appendf(nil, `{"created":%q,"event":%q,"group_id":%q,"org_id":%q,"project_id":%q,"user_id":%q,"content":%s}`,
		created.UTC().Format("2006-01-02T15:04:05.000Z"), names[n%len(names)], groupID, organizationID,
		id("e3d1", n%300), id("7c2f", n%50), content(n))
}
