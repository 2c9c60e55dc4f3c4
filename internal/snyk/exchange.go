package snyk

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Bounds of what is read from an answer.
const (
	maxPageBytes      = 64 << 20
	maxDirectoryBytes = 1 << 20
	maxProblemBytes   = 64 << 10
	maxAnnounced      = 1 << 20 // taken at a word; the rest as it comes
	maxHeaderText     = 128
)

// response is an answer, its body read.
type response struct {
	status    int
	header    http.Header
	body      []byte
	requestID string
	// serverTime is Snyk's clock, zero where the answer does not say; received is
	// ours when it came.
	serverTime, received time.Time
}

// trouble is a problem that this answer tells.
func (r *response) trouble(class audit.SnykClass, detail string) *audit.SnykError {
	return &audit.SnykError{Class: class, HTTPStatus: r.status, RequestID: r.requestID, Detail: detail}
}

// call is one request to make.
type call struct {
	turn priority
	// hide hides the secrets that the request carries.
	hide scrubber
	// limit is how many bytes the answer may have.
	limit int64
	build func(context.Context) (*http.Request, error)
}

// exchange makes one request when its turn comes, and reads the answer, whatever
// its status. A 429 silences the credential, and what an answer tells of Snyk's
// limits sets its pace.
func (c *Client) exchange(ctx context.Context, s *session, ask call) (*response, error) {
	if err := s.pace.Wait(ctx, ask.turn); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, c.clients.cfg.Timeout)
	defer cancel()
	req, err := ask.build(bounded)
	if err != nil {
		return nil, &audit.SnykError{Class: audit.SnykBadRequest, Detail: "the request cannot be made"}
	}
	req.Header.Set("User-Agent", c.clients.cfg.UserAgent)
	start, sent := time.Now(), s.pace.now()
	// No client between: it would read where a redirect leads, and a token must not
	// go where an answer points.
	res, err := c.clients.cfg.Transport.RoundTrip(req)
	if err != nil {
		c.logRequest(req, time.Since(start), nil)
		return nil, c.noAnswer(ctx, req, ask.hide, err)
	}
	defer func() { _ = res.Body.Close() }()
	out := c.newResponse(res, ask.hide)
	s.pace.Adopt(readLimits(res.Header))
	err = out.readBody(res.Body, res.ContentLength, ask.limit)
	c.logRequest(req, time.Since(start), out)
	if out.status == http.StatusTooManyRequests {
		s.pace.Silence(out.retryAfter())
	} else {
		s.pace.Heard(sent)
	}
	if ctx.Err() != nil && (err != nil || out.status != http.StatusOK) {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Client) newResponse(res *http.Response, hide scrubber) *response {
	out := &response{
		status: res.StatusCode, header: res.Header, received: c.clients.cfg.Now(),
		requestID: hide.line(res.Header.Get("Snyk-Request-Id"), maxHeaderText),
	}
	if t, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		out.serverTime = t.UTC()
	}
	return out
}

// readBody reads the body, up to limit bytes, of which so many are announced: -1
// where that is not known. Of an answer that is an error, what can be read is
// enough: its status says what it is.
func (r *response) readBody(body io.Reader, announced, limit int64) error {
	if r.status != http.StatusOK {
		r.body, _ = io.ReadAll(io.LimitReader(body, maxProblemBytes))
		return nil
	}
	// Room for what is announced, and for the end to be found; what is announced
	// is not yet there.
	room := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(max(announced, 0), limit, maxAnnounced)))
	_, err := room.ReadFrom(io.LimitReader(body, limit+1))
	r.body = room.Bytes()
	switch {
	case int64(len(r.body)) > limit:
		return r.trouble(audit.SnykBadAnswer, "the answer is too large: more than "+size(limit))
	case err != nil:
		return r.trouble(audit.SnykUnavailable, "the answer was cut: "+reason(err))
	}
	return nil
}

// noAnswer is the trouble of a request that got no answer.
func (c *Client) noAnswer(ctx context.Context, req *http.Request, hide scrubber, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	why := reason(err)
	if req.Context().Err() != nil {
		why = "nothing came within " + c.clients.cfg.Timeout.String()
	}
	return &audit.SnykError{
		Class:  audit.SnykUnavailable,
		Detail: "no answer from " + hide.line(req.URL.Host, maxDetail) + ": " + hide.line(why, maxDetail),
	}
}

// headerText is a header's value as one printable line.
func headerText(h http.Header, name string) string {
	return scrubber{}.line(strings.Join(h.Values(name), ", "), maxHeaderText)
}
