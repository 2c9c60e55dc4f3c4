package snyksim

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
)

const maxForm = 64 << 10

// serveOAuth exchanges a client's id and secret for an access token, as
// POST /oauth2/token does for the client credentials grant.
func (s *Sim) serveOAuth(x *exchange) *reply {
	form, err := readForm(x.request)
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", err.Error())
	}
	if form.Get("grant_type") != "client_credentials" {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported")
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, pass, ok := x.request.BasicAuth(); ok {
		id, secret = user, pass
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens.byClient[id]
	if !ok || t.ClientSecret != secret || (!t.Expires.IsZero() && !t.Expires.After(x.now)) {
		return oauthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	}
	// The form of a JWT, which Snyk's access tokens are; nobody may read it.
	value := "eyJhbGciOiJSUzI1NiJ9." + s.randomText(60) + "." + s.randomText(48)
	s.tokens.access[value] = accessToken{clientID: id, expires: x.now.Add(t.AccessTokenLifetime)}
	s.tokens.issued++
	rep := newReply(http.StatusOK, typeJSON, fmt.Sprintf(
		`{"access_token":%s,"expires_in":%s,"scope":"org.read","token_type":"bearer"}`,
		quote(value), seconds(t.AccessTokenLifetime)))
	rep.header.Set("Cache-Control", "no-store")
	return rep
}

// readForm insists on the form encoding: a JSON body is a common mistake.
func readForm(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errors.New("the body must be application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	if err != nil {
		return nil, errors.New("the body could not be read")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errors.New("the body could not be parsed")
	}
	return form, nil
}

func oauthError(status int, code, description string) *reply {
	return newReply(status, typeJSON, fmt.Sprintf(`{"error":%s,"error_description":%s}`, quote(code), quote(description)))
}
