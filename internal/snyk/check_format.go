package snyk

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// schemes are what may stand before a token in a header, and is not of it.
var schemes = []string{"token ", "bearer ", "authorization:"}

// format checks the credential's form without asking Snyk, and says whether
// asking makes sense.
func (k *check) format() bool {
	cred := k.client.cred
	for _, part := range []struct{ name, value string }{
		{"token", cred.Token.Reveal()}, {"client id", cred.ClientID}, {"client secret", cred.ClientSecret.Reveal()},
	} {
		if say := malformed(part.name, part.value); say != nil {
			k.report.fail(kindFormat, *say, nil)
			return false
		}
	}
	if err := k.client.ready(); err != nil {
		trouble := asTrouble(err)
		k.report.fail(kindFormat, advice{trouble.Detail, "send an api_token, or an oauth_client with its id and secret"}, nil)
		return false
	}
	switch cred.Kind() {
	case snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED:
		k.report.warn(kindFormat, advice{
			"the token has none of the forms that are known of Snyk's: a UUID, snyk_uat. or snyk_sat.",
			"if Snyk does not take it, copy the token again, the whole of it",
		}, nil)
	default:
		k.report.pass(kindFormat, "the credential has a form that Snyk issues", nil)
	}
	return true
}

// malformed finds what copying a secret leaves in it; nil where there is nothing.
func malformed(name, value string) *advice {
	for _, scheme := range schemes {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), scheme) {
			return &advice{
				"the " + name + ` begins with "` + strings.TrimSpace(scheme) + `", which belongs to the header that carries it`,
				"send the " + name + " alone",
			}
		}
	}
	switch {
	case value != strings.TrimSpace(value):
		return &advice{
			"the " + name + " begins or ends with white space",
			"send it without, such as without the line end of the file that it was read from",
		}
	case strings.ContainsFunc(value, notInHeader):
		return &advice{
			"the " + name + " has spaces, control characters or others that Snyk's never have",
			"copy the " + name + " again, and check how it was passed on",
		}
	}
	return nil
}

// issuedFor is the region that a personal access token says it was issued for,
// where that is one of Snyk's own and not the one asked for.
func (c *Client) issuedFor() (snykstreamv1.Region, bool) {
	parts := strings.Split(c.cred.Token.Reveal(), ".")
	if c.cred.Kind() != snykstreamv1.CredentialKind_CREDENTIAL_KIND_PERSONAL_ACCESS_TOKEN || len(parts) < 3 {
		return 0, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[2], "="))
	if err != nil {
		return 0, false
	}
	var doc map[string]json.RawMessage
	if json.Unmarshal(payload, &doc) != nil {
		return 0, false
	}
	host := strings.TrimPrefix(stringOf(doc["h"]), "https://")
	for region, text := range endpoints {
		if u, err := url.Parse(text); err == nil && strings.EqualFold(u.Host, host) && region != c.region {
			return region, true
		}
	}
	return 0, false
}

// regionAdvice is what to do about a credential that Snyk does not know.
func (c *Client) regionAdvice() string {
	if issued, ok := c.issuedFor(); ok {
		return "the token was issued for region " + regionName(issued) + ": set region to it, or use a token of " +
			regionName(c.region)
	}
	text := "check that the organization is in region " + regionName(c.region) + " (a token works in its own region only), "
	if c.cred.Kind() == snykstreamv1.CredentialKind_CREDENTIAL_KIND_OAUTH_CLIENT {
		return text + "and that client id and secret are right and not revoked"
	}
	return text + "and that the token is whole, not expired and not revoked"
}

// again is what to do about a Snyk that cannot be asked.
func again(trouble *audit.SnykError) string {
	if trouble.RetryAfter > 0 {
		return "try again in " + roundUp(trouble.RetryAfter).String()
	}
	return "try again in a moment; if it stays, look at status.snyk.io"
}
