package snyk

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// Bounds of the silence after a 429.
const (
	defaultSilence = time.Minute
	minSilence     = time.Second
	maxSilence     = 15 * time.Minute
	// epochFloor is the number from which X-Ratelimit-Reset can only be a time.
	epochFloor = 1_000_000_000
)

// judge turns an answer that is not a 200 into its error.
func (c *Client) judge(r *response, hide scrubber) error {
	switch {
	case r.status == http.StatusOK:
		return nil
	case r.status >= 300 && r.status < 400:
		return c.redirected(r, hide)
	}
	trouble := r.trouble(classOf(r.status), hide.line(words(r.status, r.body), maxDetail))
	if trouble.Class == audit.SnykRateLimited {
		trouble.RetryAfter = r.retryAfter()
	}
	return trouble
}

func classOf(status int) audit.SnykClass {
	switch status {
	case http.StatusUnauthorized:
		return audit.SnykUnauthenticated
	case http.StatusForbidden:
		return audit.SnykForbidden
	case http.StatusNotFound:
		return audit.SnykNotFound
	case http.StatusGone:
		return audit.SnykGone
	case http.StatusTooManyRequests:
		return audit.SnykRateLimited
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return audit.SnykUnavailable
	}
	switch {
	case status >= 500:
		return audit.SnykUnavailable
	case status >= 400:
		return audit.SnykBadRequest
	}
	return audit.SnykBadAnswer
}

// redirected refuses a redirect. One that stays on the origin is refused as well:
// Snyk's API gives none, so it would come from something else.
func (c *Client) redirected(r *response, hide scrubber) error {
	to := r.header.Get("Location")
	if to == "" {
		return r.trouble(audit.SnykBadAnswer, "a redirect that leads nowhere")
	}
	if _, err := onOrigin(c.base, to); err != nil {
		return r.trouble(err.class, hide.line("a redirect "+err.text+" and was not followed", maxDetail))
	}
	path, _, _ := strings.Cut(to, "?")
	if u, err := url.Parse(to); err == nil {
		path = u.Path
	}
	return r.trouble(audit.SnykBadAnswer, hide.line("a redirect to "+path+", which was not followed", maxDetail))
}

// retryAfter is the silence that a 429 asks for: Retry-After, else
// X-Ratelimit-Reset, else the minute that Snyk's documentation speaks of.
func (r *response) retryAfter() time.Duration {
	for _, text := range []string{r.header.Get("Retry-After"), r.header.Get("X-Ratelimit-Reset")} {
		if d, ok := r.parseDelay(text); ok {
			return min(max(d, minSilence), maxSilence)
		}
	}
	return defaultSilence
}

// parseDelay reads seconds, a date, or seconds since 1970. The number may head a
// structured list, as the other rate limit headers are.
func (r *response) parseDelay(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	now := r.serverTime
	if now.IsZero() {
		now = r.received
	}
	if t, err := http.ParseTime(text); err == nil {
		return t.Sub(now), true
	}
	if end := strings.IndexAny(text, ",;"); end >= 0 {
		text = strings.TrimSpace(text[:end])
	}
	seconds, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || seconds != seconds || seconds < 0:
		return 0, false
	case seconds >= epochFloor:
		seconds -= float64(now.Unix())
	}
	// Bounded before it becomes a duration, which a large number would overflow.
	return time.Duration(min(seconds, maxSilence.Seconds()) * float64(time.Second)), true
}
