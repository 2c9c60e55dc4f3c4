package snyk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

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

// fetchToken exchanges the client's id and secret for an access token. It is
// asked for in one way only, the one that Snyk documents: in the form.
func (c *Client) fetchToken(ctx context.Context, s *session) (grant, error) {
	line := &tokenLine{client: c, session: s, hide: c.secrets()}
	config := clientcredentials.Config{
		ClientID:     c.cred.ClientID,
		ClientSecret: c.cred.ClientSecret.Reveal(),
		TokenURL:     c.address(oauthPath, nil).String(),
		AuthStyle:    oauth2.AuthStyleInParams,
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: line}))
	if err != nil {
		return grant{}, line.why(err)
	}
	if strings.ContainsFunc(token.AccessToken, notInHeader) {
		return grant{}, line.noToken()
	}
	return grant{value: token.AccessToken, life: line.life}, nil
}

// tokenLine carries one request for an access token through the client's
// exchange, and hands on nothing but an answer that is a JSON object.
type tokenLine struct {
	client  *Client
	session *session
	hide    scrubber

	// answer and life are known once there is an answer.
	answer *response
	life   time.Duration
}

// RoundTrip implements http.RoundTripper. Its errors are those of the client.
func (l *tokenLine) RoundTrip(req *http.Request) (*http.Response, error) {
	defer func() { _ = req.Body.Close() }()
	build := func(ctx context.Context) (*http.Request, error) {
		out := req.Clone(ctx)
		out.Header.Set("Accept", "application/json")
		return out, nil
	}
	res, err := l.client.exchange(req.Context(), l.session, call{live, l.hide, maxDirectoryBytes, build})
	if err != nil {
		return nil, err
	}
	if err := l.client.judge(res, l.hide); err != nil {
		return nil, ofTokenEndpoint(err, res)
	}
	doc, bad := decodeObject(res.body)
	if bad != nil {
		return nil, res.trouble(bad.class, l.hide.line("token endpoint: "+bad.text, maxDetail))
	}
	l.answer, l.life = res, lifeOf(doc["expires_in"])
	// The library refuses an answer whose expires_in is not a whole number, and
	// reads one that calls itself text as a form.
	delete(doc, "expires_in")
	body, err := json.Marshal(doc)
	if err != nil {
		return nil, l.noToken()
	}
	return &http.Response{
		StatusCode: res.status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}

// why is the trouble that kept the library from a token. Its own words may show
// the answer.
func (l *tokenLine) why(err error) error {
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return sent.Err
	}
	if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok && l.answer != nil {
		said := l.hide.line(words(l.answer.status, l.answer.body), maxDetail)
		return ofTokenEndpoint(l.answer.trouble(audit.SnykBadAnswer, said), l.answer)
	}
	return l.noToken()
}

func (l *tokenLine) noToken() error {
	const text = "the token endpoint gave no access token"
	if l.answer == nil {
		return &audit.SnykError{Class: audit.SnykBadAnswer, Detail: text}
	}
	return l.answer.trouble(audit.SnykBadAnswer, text)
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
