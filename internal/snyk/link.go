package snyk

import (
	"net/url"
	"strings"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	maxLink = 16 << 10
	root    = "/rest"
)

// linkError says what is wrong with a reference.
type linkError struct {
	class audit.SnykClass
	text  string
}

func foreign(text string) *linkError    { return &linkError{audit.SnykForeignLink, text} }
func unreadable(text string) *linkError { return &linkError{audit.SnykBadAnswer, text} }

// onOrigin reads a reference of an answer and proves that it stays on the
// origin of base. What parsers of URLs are known to disagree on is taken as
// leading away: backslashes, a user before the host, a scheme without a host.
func onOrigin(base *url.URL, ref string) (*url.URL, *linkError) {
	place, _, _ := strings.Cut(ref, "?")
	if strings.Contains(place, `\`) {
		return nil, foreign("leads to another origin")
	}
	if len(ref) > maxLink {
		return nil, unreadable("is too long")
	}
	u, err := url.Parse(ref)
	switch {
	case err != nil && (strings.Contains(place, "//") || strings.Contains(place, "@")):
		return nil, foreign("leads to another origin")
	case err != nil || strings.ContainsAny(ref, " \t\r\n"):
		return nil, unreadable("cannot be read")
	case u.User != nil || u.Opaque != "":
		return nil, foreign("leads to another origin")
	case u.Scheme == "" && u.Host == "":
		return u, nil
	}
	if to := base.ResolveReference(u); originOf(to) != originOf(base) {
		return nil, foreign("leads to another origin, " + to.Scheme + "://" + to.Host + ",")
	}
	return u, nil
}

// originOf is scheme, host and port, in the one spelling of them.
func originOf(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// follow is the address that a link of an answer leads to: path and query as they
// are, on base whatever the link says. Links come with /rest and without it, as
// whole addresses, and from the place of the answer.
func follow(base *url.URL, place, link string) (*url.URL, *linkError) {
	u, bad := onOrigin(base, link)
	if bad != nil {
		return nil, bad
	}
	// What is escaped stays so: %2F is no slash.
	path := u.EscapedPath()
	switch first, _, _ := strings.Cut(path, "/"); {
	case path == "" && u.Host == "" && u.RawQuery != "":
		path = place
	case strings.HasPrefix(path, "/"):
	case first == "rest" || first == "orgs" || first == "groups":
		path = "/" + path
	default:
		return nil, unreadable("cannot be read")
	}
	if !strings.HasPrefix(path, root+"/") {
		path = root + path
	}
	to := &url.URL{Scheme: base.Scheme, Host: base.Host, RawQuery: u.RawQuery}
	setPath(to, path)
	return to, nil
}

// setPath sets an escaped path.
func setPath(u *url.URL, escaped string) {
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		plain = escaped
	}
	u.Path, u.RawPath = plain, escaped
}
