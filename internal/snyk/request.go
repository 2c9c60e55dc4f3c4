package snyk

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// ready says what stands in the way of any request. A token that names another
// region's host goes nowhere: it is not this region's to see.
func (c *Client) ready() error {
	if err := c.sendable(); err != nil {
		return err
	}
	if c.home != snykstreamv1.Region_REGION_UNSPECIFIED {
		return &audit.SnykError{
			Class: audit.SnykUnauthenticated,
			Detail: "the token was issued for " + regionName(c.home) + ", and the region is " + regionName(c.region) +
				", so that it was not sent",
		}
	}
	return nil
}

// sendable says what stands in the way of any request, whatever region the token
// names.
func (c *Client) sendable() error {
	switch {
	case c.base == nil:
		return &audit.SnykError{Class: audit.SnykBadRequest, Detail: "no endpoint is known for " + regionName(c.region)}
	case c.problem != "":
		return &audit.SnykError{Class: audit.SnykUnauthenticated, Detail: "the credential cannot be sent: " + c.problem}
	}
	return nil
}

// secrets hides the credential, and what else is named.
func (c *Client) secrets(more ...string) scrubber {
	return newScrubber(append(more, c.cred.Token.Reveal(), c.cred.ClientSecret.Reveal())...)
}

// address is a place on the region's origin; path is escaped.
func (c *Client) address(path string, values url.Values) *url.URL {
	u := &url.URL{Scheme: c.base.Scheme, Host: c.base.Host, RawQuery: values.Encode()}
	setPath(u, path)
	return u
}

// get asks for a place of the API with the credential. An answer other than 200
// is an error. The scrubber hides whatever secret the request carried.
//
// An OAuth access token that was kept and that Snyk does not take is dropped, and
// the request made once more with a new one. One that was fetched for this very
// call is new: it is not what is refused, and others may need it.
func (c *Client) get(ctx context.Context, at *url.URL, limit int64, turn priority) (*response, scrubber, error) {
	s, leave := c.clients.sessions.enter(c.key)
	defer leave()
	for again := true; ; again = false {
		authorization, access, err := c.authorization(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		hide := c.secrets(access.value)
		res, err := c.exchange(ctx, s, call{turn, hide, limit, func(ctx context.Context) (*http.Request, error) {
			req, err := newRequest(ctx, http.MethodGet, at, http.NoBody)
			if err != nil {
				return nil, err
			}
			req.Header.Set("Accept", "application/vnd.api+json")
			req.Header.Set("Authorization", authorization)
			return req, nil
		}})
		if err != nil {
			return nil, nil, err
		}
		if res.status == http.StatusUnauthorized && access.value != "" && !access.fresh {
			s.oauth.drop(access.value)
			if again {
				continue
			}
		}
		if err := c.judge(res, hide); err != nil {
			return nil, nil, err
		}
		return res, hide, nil
	}
}

// authorization is the header's value; access is the OAuth access token in it,
// empty where the credential is a token itself.
func (c *Client) authorization(ctx context.Context, s *session) (string, accessToken, error) {
	if c.cred.ClientID == "" {
		return "token " + c.cred.Token.Reveal(), accessToken{}, nil
	}
	access, err := s.oauth.get(ctx, func(ctx context.Context) (grant, error) { return c.fetchToken(ctx, s) })
	if err != nil {
		return "", accessToken{}, err
	}
	return "bearer " + access.value, access, nil
}

// newRequest makes a request for an address as it is: what a link says is not
// written anew.
func newRequest(ctx context.Context, method string, at *url.URL, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, at.Scheme+"://"+at.Host, body)
	if err != nil {
		return nil, err
	}
	req.URL = at
	return req, nil
}

// credentialProblem says why a credential cannot be sent at all: a header holds
// nothing but printable ASCII. Empty: it can.
func credentialProblem(cred audit.Credential) string {
	switch {
	case cred.Empty():
		return "there is none"
	case cred.ClientID == "" && cred.Token.Empty():
		return "the client id is missing"
	case cred.ClientID != "" && cred.ClientSecret.Empty():
		return "the client secret is missing"
	case strings.ContainsFunc(cred.Token.Reveal(), notInHeader):
		return "it has characters that no token has, such as spaces or line ends"
	}
	return ""
}

func notInHeader(r rune) bool { return r <= ' ' || r > '~' }
