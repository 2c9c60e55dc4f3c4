package snyk

import (
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
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
	if err := k.client.sendable(); err != nil {
		trouble := asTrouble(err)
		k.report.fail(kindFormat, advice{trouble.Detail, "send an api_token, or an oauth_client with its id and secret"}, nil)
		return false
	}
	if cred.Kind() != snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED {
		k.report.pass(kindFormat, "the credential has a form that Snyk issues", nil)
	} else {
		k.report.warn(kindFormat, advice{
			"the token has none of the forms that are known of Snyk's: a UUID, snyk_uat. or snyk_sat.",
			"if Snyk does not take it, copy the token again, the whole of it",
		}, nil)
	}
	return k.regionFits()
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
