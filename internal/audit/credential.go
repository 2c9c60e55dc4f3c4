package audit

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Prefixes by which Snyk's tokens are told apart.
const (
	prefixPersonal = "snyk_uat."
	prefixService  = "snyk_sat."
)

// uuidBytes is the length of a UUID as Snyk writes it; the package uuid reads
// other forms too.
const uuidBytes = 36

// Credential proves to Snyk who reads: a token, or an OAuth2 client.
type Credential struct {
	Token        Secret
	ClientID     string
	ClientSecret Secret
}

// Empty says that there is no credential.
func (c Credential) Empty() bool {
	return c.Token.Empty() && c.ClientID == "" && c.ClientSecret.Empty()
}

// Kind is the credential's form, unspecified where it has none that Snyk issues.
func (c Credential) Kind() snykstreamv1.CredentialKind {
	token := c.Token.Reveal()
	switch {
	case c.ClientID != "":
		return snykstreamv1.CredentialKind_CREDENTIAL_KIND_OAUTH_CLIENT
	case strings.HasPrefix(token, prefixPersonal):
		return snykstreamv1.CredentialKind_CREDENTIAL_KIND_PERSONAL_ACCESS_TOKEN
	case strings.HasPrefix(token, prefixService):
		return snykstreamv1.CredentialKind_CREDENTIAL_KIND_SERVICE_ACCOUNT_TOKEN
	case len(token) == uuidBytes && uuid.Validate(token) == nil:
		return snykstreamv1.CredentialKind_CREDENTIAL_KIND_API_TOKEN
	}
	return snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED
}

// Fingerprint tells credentials apart without showing them.
func (c Credential) Fingerprint() string {
	// Quoted, so that no part can pass for the end of another.
	parts := fmt.Sprintf("%q %q %q", c.Token.Reveal(), c.ClientID, c.ClientSecret.Reveal())
	return NewSecret(parts).Fingerprint()
}

// Info tells of the credential without its secret. What only Snyk knows, such as
// the principal, is left for the caller to fill.
func (c Credential) Info() *snykstreamv1.CredentialInfo {
	shown := []rune(c.Token.Reveal())
	if c.ClientID != "" {
		shown = []rune(c.ClientID)
	}
	info := &snykstreamv1.CredentialInfo{Kind: c.Kind()}
	if end := c.Claims().Expires; !end.IsZero() {
		info.ExpireTime = timestamppb.New(end)
	}
	// Four characters of a short value would be too large a part of it.
	if len(shown) >= 16 {
		info.LastFour = string(shown[len(shown)-4:])
	}
	return info
}
