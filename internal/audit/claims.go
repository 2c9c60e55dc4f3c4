package audit

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Claims are what a token tells of itself. What it does not tell, or not in a
// form that can be read, is zero: nothing vouches for the form.
type Claims struct {
	// Host is the host of the API that the token is for, such as api.eu.snyk.io.
	Host string
	// Expires is when the token ends.
	Expires time.Time
}

// Bounds of what can be the end of a token: less is no time of a token, more is
// no time that a message can hold.
const (
	firstEnd = 1_000_000_000   // 2001, in seconds since 1970
	lastEnd  = 253_402_300_799 // the end of the year 9999
	// milliseconds are seconds no longer: the year 5138.
	milliseconds = 100_000_000_000
)

// Claims reads the payload of a personal access token or of a service account's:
// base64url of a JSON object, the third of four parts with dots between them.
func (c Credential) Claims() Claims {
	switch c.Kind() {
	case snykstreamv1.CredentialKind_CREDENTIAL_KIND_PERSONAL_ACCESS_TOKEN,
		snykstreamv1.CredentialKind_CREDENTIAL_KIND_SERVICE_ACCOUNT_TOKEN:
	default:
		return Claims{}
	}
	parts := strings.Split(c.Token.Reveal(), ".")
	if len(parts) < 3 {
		return Claims{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[2], "="))
	if err != nil {
		return Claims{}
	}
	var doc map[string]json.RawMessage
	if json.Unmarshal(payload, &doc) != nil {
		return Claims{}
	}
	var host string
	_ = json.Unmarshal(doc["h"], &host) // empty where it is no text
	claims := Claims{Host: apiHost(host)}
	// Snyk's own client reads e; exp is the name that such tokens have elsewhere.
	for _, name := range []string{"exp", "e"} {
		if claims.Expires.IsZero() {
			claims.Expires = endOf(doc[name])
		}
	}
	return claims
}

// endOf reads seconds or milliseconds since 1970, as a number or as a text, or an
// RFC 3339 time.
func endOf(raw json.RawMessage) time.Time {
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = quoted
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return plausible(at)
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}
	}
	if seconds >= milliseconds {
		seconds /= 1000
	}
	if !(seconds >= firstEnd && seconds <= lastEnd) { // not a number is neither
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

func plausible(at time.Time) time.Time {
	if at.Unix() < firstEnd || at.Unix() > lastEnd {
		return time.Time{}
	}
	return at.UTC()
}

// apiHost is the API's host for what a token names: that host, the web app's or
// the domain of both, as a host alone or as an address.
func apiHost(text string) string {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "" || len(host) > 253 || strings.ContainsFunc(host, notInHost) {
		return ""
	}
	// An address of numbers, or a name without a domain, has no neighbours.
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == host || strings.Trim(last, "0123456789") == "" {
		return host
	}
	return "api." + strings.TrimPrefix(strings.TrimPrefix(host, "app."), "api.")
}

func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-'
}
