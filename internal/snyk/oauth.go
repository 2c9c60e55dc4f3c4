package snyk

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	oauthPath = "/oauth2/token"
	// defaultLife is taken where the answer does not say how long a token lives.
	defaultLife = 10 * time.Minute
	maxLife     = 24 * time.Hour
)

// grant is an access token as it was fetched.
type grant struct {
	value string
	life  time.Duration
}

// fetchToken exchanges the client's id and secret for an access token.
func (c *Client) fetchToken(ctx context.Context, s *session) (grant, error) {
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.cred.ClientID},
		"client_secret": {c.cred.ClientSecret.Reveal()},
	}
	hide := c.secrets()
	res, err := c.exchange(ctx, s, hide, maxDirectoryBytes, func(ctx context.Context) (*http.Request, error) {
		req, err := newRequest(ctx, http.MethodPost, c.address(oauthPath, nil), strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return req, nil
	})
	if err != nil {
		return grant{}, err
	}
	if err := c.judge(res, hide); err != nil {
		return grant{}, ofTokenEndpoint(err, res)
	}
	doc, bad := decodeObject(res.body)
	if bad != nil {
		return grant{}, res.trouble(bad.class, hide.line("token endpoint: "+bad.text, maxDetail))
	}
	token := stringOf(doc["access_token"])
	if token == "" || strings.ContainsFunc(token, notInHeader) {
		return grant{}, res.trouble(audit.SnykBadAnswer, "the token endpoint gave no access token")
	}
	return grant{value: token, life: lifeOf(doc["expires_in"])}, nil
}

// refusals are the errors of OAuth that refuse the client, whatever their status.
var refusals = map[string]bool{
	"invalid_client": true, "invalid_grant": true, "unauthorized_client": true, "access_denied": true,
}

// ofTokenEndpoint gives a refusal of the client the class that it has: what is
// missing or forbidden there is the client, not an organization or its log.
func ofTokenEndpoint(err error, res *response) error {
	var trouble *audit.SnykError
	if !errors.As(err, &trouble) {
		return err
	}
	var doc map[string]json.RawMessage
	_ = json.Unmarshal(res.body, &doc) // nil where it is no object
	switch {
	case trouble.Class == audit.SnykForbidden, res.status < 500 && refusals[stringOf(doc["error"])]:
		trouble.Class = audit.SnykUnauthenticated
	case trouble.Class == audit.SnykNotFound, trouble.Class == audit.SnykGone:
		trouble.Class = audit.SnykBadRequest
	}
	trouble.Detail = "token endpoint: " + trouble.Detail
	return trouble
}

// lifeOf reads expires_in: seconds, as a number or as a text.
func lifeOf(raw json.RawMessage) time.Duration {
	text := string(raw)
	if quoted := stringOf(raw); quoted != "" {
		text = quoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) {
		return defaultLife
	}
	return time.Duration(min(max(seconds, 0), maxLife.Seconds()) * float64(time.Second))
}
