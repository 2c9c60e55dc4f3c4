// Package snyk is a client of Snyk's REST API: the audit search, the few lookups
// and lists around it, and the check of a credential.
//
// It is exact: records keep their bytes, an answer that is not what was asked for
// is never read as such, a list is whole or an error, and every trouble has a
// class ([audit.SnykError]). It is polite: all clients of one credential share a
// pace of half of what Snyk allows, and are silent together when Snyk asks for
// it. It is careful: a credential goes to its region's origin and nowhere else,
// redirects are not followed, and no error or log line holds a secret.
//
// One call is one request, but for a list, which is one for each page, and for
// OAuth's access tokens, which are fetched when needed and once more when Snyk no
// longer takes one. Trying again is the caller's decision.
//
// [Clients.Check] finds out before a source is stored what is wrong with its
// credential: its form and the region that it names without asking Snyk, then
// every log that the source would read.
package snyk
