package snyksim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"
)

// TokenKind is the kind of a credential.
type TokenKind int

// The kinds of credentials that Snyk gives out.
const (
	LegacyToken         TokenKind = iota // a UUID
	PersonalAccessToken                  // snyk_uat.<8>.<payload>.<signature>, 90 days at most
	ServiceAccountToken                  // snyk_sat.<8>.<payload>.<signature>
	OAuthClient                          // client id and secret, exchanged for access tokens
)

const patLifetime = 90 * 24 * time.Hour

// Token is a credential. AddToken fills in what is empty.
type Token struct {
	Kind TokenKind
	// Grants is what the credential may read.
	Grants []Grant
	// PrincipalID is the user, service account or app behind it; a new one is
	// made where it is empty.
	PrincipalID string
	// App makes the principal an app instance instead of a user or service account.
	App bool
	// Expires ends the credential; zero means never (a personal access token: 90 days).
	Expires time.Time
	// Value goes into "Authorization: token <Value>"; empty for an OAuthClient.
	Value string
	// ClientID and ClientSecret belong to an OAuthClient.
	ClientID, ClientSecret string
	// AccessTokenLifetime is how long an OAuthClient's access tokens live; default an hour.
	AccessTokenLifetime time.Duration
}

// String shows the fingerprint, so that a printed Token gives no secret away.
func (t Token) String() string {
	secret := t.Value
	if t.Kind == OAuthClient {
		secret = t.ClientSecret
	}
	return "token[" + Fingerprint(secret) + "]"
}

// GoString is String.
func (t Token) GoString() string { return t.String() }

// LogValue is String.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Fingerprint names a secret without showing it: the start of its SHA-256.
func Fingerprint(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:4])
}

// accessToken is what an OAuthClient got for its secret.
type accessToken struct {
	clientID string
	expires  time.Time
}

// tokenTable holds the credentials that are good.
type tokenTable struct {
	byValue  map[string]*Token
	byClient map[string]*Token
	access   map[string]accessToken
	issued   int
}

func newTokenTable() tokenTable {
	return tokenTable{
		byValue:  make(map[string]*Token),
		byClient: make(map[string]*Token),
		access:   make(map[string]accessToken),
	}
}

// AddToken adds a credential, or replaces the one with the same value or client id.
func (s *Sim) AddToken(t Token) Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fillPrincipal(&t)
	switch t.Kind {
	case OAuthClient:
		if t.ClientID == "" {
			t.ClientID = newUUID(s.ids)
		}
		if t.ClientSecret == "" {
			t.ClientSecret = s.randomText(30)
		}
		if t.AccessTokenLifetime == 0 {
			t.AccessTokenLifetime = time.Hour
		}
	case PersonalAccessToken:
		if t.Expires.IsZero() {
			t.Expires = s.now().Add(patLifetime)
		}
		t.Value = s.orNew("snyk_uat", t)
	case ServiceAccountToken:
		t.Value = s.orNew("snyk_sat", t)
	case LegacyToken:
		if t.Value == "" {
			t.Value = newUUID(s.ids)
		}
	}
	kept := t
	if t.Kind == OAuthClient {
		s.tokens.byClient[t.ClientID] = &kept
	} else {
		s.tokens.byValue[t.Value] = &kept
	}
	return t
}

// orNew returns the token's value, or a new one in the four-part form of Snyk's.
// Snyk's own client reads its end from e; exp says the same to other readers.
func (s *Sim) orNew(prefix string, t Token) string {
	if t.Value != "" {
		return t.Value
	}
	end := ""
	if !t.Expires.IsZero() {
		end = fmt.Sprintf(`,"e":%[1]d,"exp":%[1]d`, t.Expires.Unix())
	}
	payload := fmt.Sprintf(`{"j":%q,"h":%q,"s":%q%s}`, newUUID(s.ids), s.cfg.Host, t.PrincipalID, end)
	return fmt.Sprintf("%s.%08x.%s.%s", prefix, s.ids.Uint32(),
		base64.RawURLEncoding.EncodeToString([]byte(payload)), s.randomText(32))
}

func (s *Sim) randomText(bytes int) string {
	b := make([]byte, bytes)
	for i := range b {
		b[i] = byte(s.ids.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// fillPrincipal gives the credential somebody to belong to.
func (s *Sim) fillPrincipal(t *Token) {
	if t.PrincipalID != "" {
		return
	}
	machine := t.Kind == ServiceAccountToken || t.Kind == OAuthClient
	switch {
	case t.App:
		t.PrincipalID = newUUID(s.ids)
	case machine && len(t.Grants) > 0:
		t.PrincipalID = s.addServiceAccount(ServiceAccount{ScopeID: t.Grants[0].ScopeID}).ID
	default:
		t.PrincipalID = s.addUser(User{}).ID
	}
}

// Revoke ends a credential, given by its value or its client id; access tokens
// of a revoked client end with it.
func (s *Sim) Revoke(valueOrClientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens.byValue, valueOrClientID)
	delete(s.tokens.byClient, valueOrClientID)
}

// ExpireAccessTokens ends every OAuth access token given out so far.
func (s *Sim) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens.access)
}

// AccessTokensIssued counts the answers with a token of the OAuth endpoint.
func (s *Sim) AccessTokensIssued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens.issued
}
