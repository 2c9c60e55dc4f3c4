package snyksim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RetryHint says which headers a 429 carries.
type RetryHint int

// The headers of a 429; Snyk documents only X-Ratelimit-Reset.
const (
	HintReset          RetryHint = iota // X-Ratelimit-Reset, in seconds
	HintRetryAfter                      // Retry-After, in seconds
	HintRetryAfterDate                  // Retry-After, as a date
	HintNone                            // neither
)

// Window is one limit: so many requests in so much time.
type Window struct {
	Count int
	Per   time.Duration
}

// RateLimit is the limit of requests for each credential.
type RateLimit struct {
	// Enforce turns the limit on; headers tell of it either way.
	Enforce bool
	// Windows default to Snyk's: 160 a second, 1620 a minute, 97200 an hour.
	Windows []Window
	// Quiet is how long requests must stop before a 429 ends; default a minute.
	Quiet time.Duration
	// Hint says which headers a 429 carries.
	Hint RetryHint
}

func (r *RateLimit) complete() error {
	if r.Windows == nil {
		r.Windows = []Window{{160, time.Second}, {1620, time.Minute}, {97200, time.Hour}}
	}
	for _, w := range r.Windows {
		if w.Count < 1 || w.Per < time.Second {
			return errors.New("a rate limit window needs a count and at least a second")
		}
	}
	if r.Quiet == 0 {
		r.Quiet = time.Minute
	}
	return nil
}

// usage is what one credential has used of each window, and its punishment.
type usage struct {
	start        []time.Time
	count        []int
	blockedUntil time.Time
	quiet        time.Duration
	hint         RetryHint
}

// limiter counts requests by credential.
type limiter struct {
	cfg    RateLimit
	header string

	mu      sync.Mutex // guards usage and refused
	usage   map[string]*usage
	refused int
}

func newLimiter(cfg RateLimit) *limiter {
	parts := make([]string, 0, len(cfg.Windows)+1)
	for i, w := range cfg.Windows {
		if i == 0 {
			parts = append(parts, strconv.Itoa(w.Count))
		}
		secs := int(w.Per / time.Second)
		parts = append(parts, fmt.Sprintf(`%d;w=%d;name="api-limit-%ds"`, w.Count, secs, secs))
	}
	return &limiter{cfg: cfg, header: strings.Join(parts, ", "), usage: make(map[string]*usage)}
}

func (l *limiter) of(key string) *usage {
	u, ok := l.usage[key]
	if !ok {
		u = &usage{start: make([]time.Time, len(l.cfg.Windows)), count: make([]int, len(l.cfg.Windows))}
		l.usage[key] = u
	}
	return u
}

// block refuses a credential until its requests stop for quiet.
func (l *limiter) block(key string, now time.Time, quiet time.Duration, hint RetryHint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.of(key)
	u.blockedUntil, u.quiet, u.hint = now.Add(quiet), quiet, hint
}

// admit counts a request; where it is over the limit the answer is a 429. Every
// request made while refused begins the quiet period anew.
func (l *limiter) admit(x *exchange) *reply {
	l.mu.Lock()
	defer l.mu.Unlock()
	u, now := l.of(x.limitKey), x.now
	blocked := u.blockedUntil.After(now)
	if full := !blocked && l.over(u, now); full && l.cfg.Enforce {
		u.quiet, u.hint, blocked = l.cfg.Quiet, l.cfg.Hint, true
	}
	if !blocked {
		return nil
	}
	u.blockedUntil = now.Add(u.quiet)
	l.refused++
	rep := statusError(http.StatusTooManyRequests).reply(x)
	switch u.hint {
	case HintRetryAfter:
		rep.header.Set("Retry-After", seconds(u.quiet))
	case HintRetryAfterDate:
		rep.header.Set("Retry-After", u.blockedUntil.Add(time.Second-1).Format(http.TimeFormat))
	case HintReset, HintNone: // addHeaders' business
	}
	return rep
}

// over counts a request in every window and says whether one is full.
func (l *limiter) over(u *usage, now time.Time) bool {
	full := false
	for i, w := range l.cfg.Windows {
		if now.Sub(u.start[i]) >= w.Per {
			u.start[i], u.count[i] = now, 0
		}
		u.count[i]++
		full = full || u.count[i] > w.Count
	}
	return full
}

// addHeaders tells the limit, and what is left of the tightest window.
func (l *limiter) addHeaders(h http.Header, key string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.of(key)
	h.Set("X-Ratelimit-Limit", l.header)
	if u.blockedUntil.After(now) {
		h.Set("X-Ratelimit-Remaining", "0")
		if u.hint == HintReset {
			h.Set("X-Ratelimit-Reset", seconds(u.blockedUntil.Sub(now)))
		}
		return
	}
	if len(l.cfg.Windows) == 0 {
		return
	}
	left, reset := l.cfg.Windows[0].Count, l.cfg.Windows[0].Per
	for i, w := range l.cfg.Windows {
		if age := now.Sub(u.start[i]); age < w.Per && w.Count-u.count[i] < left {
			left, reset = w.Count-u.count[i], w.Per-age
		}
	}
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(left, 0)))
	h.Set("X-Ratelimit-Reset", seconds(reset))
}

// Throttled counts the 429 answers given so far, those of Throttle included.
func (s *Sim) Throttled() int {
	s.limiter.mu.Lock()
	defer s.limiter.mu.Unlock()
	return s.limiter.refused
}
