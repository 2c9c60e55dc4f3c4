package snyk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/snykstream/snykstream/internal/audit"
)

// Window is a limit: so many requests in any such stretch of time.
type Window struct {
	Count int
	Per   time.Duration
}

// limits are those of Snyk's for one credential.
var limits = []Window{{160, time.Second}, {1620, time.Minute}, {97_200, time.Hour}}

// pacer spreads the requests of one credential, so that no window of its limits
// ever holds more than a share of what is allowed, and keeps silence when Snyk
// asks for it.
type pacer struct {
	windows []*rate.Limiter

	mu sync.Mutex // guards silentUntil
	// silentUntil is the end of the silence that Snyk asked for.
	silentUntil time.Time
}

// newPacer makes a pacer that uses a share of the windows.
//
// A bucket that holds b and fills at r lets b + r*T through in a time T: so a
// tenth of the share is for bursts, and the rest is the steady pace.
func newPacer(windows []Window, share float64) *pacer {
	p := &pacer{}
	for _, w := range windows {
		ours := max(1, int(float64(w.Count)*share))
		burst := max(1, ours/10)
		steady := max(1, ours-burst)
		p.windows = append(p.windows, rate.NewLimiter(rate.Limit(float64(steady)/w.Per.Seconds()), burst))
	}
	return p
}

// Wait returns when the next request may be made. While Snyk asks for silence it
// returns at once with an *audit.SnykError that says how long: its callers show
// that they are rate limited, and wait. It does the same where ctx's deadline
// comes before the request's turn. When ctx ends it returns ctx's error.
func (p *pacer) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.silence(); err != nil {
		return err
	}
	delay, giveBack := p.reserve()
	if delay == 0 {
		return nil
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < delay {
		giveBack()
		return &audit.SnykError{
			Class:      audit.SnykRateLimited,
			Detail:     "this credential has used up its pace for now",
			RetryAfter: delay,
		}
	}
	turn := time.NewTimer(delay)
	defer turn.Stop()
	select {
	case <-ctx.Done():
		giveBack()
		return ctx.Err()
	case <-turn.C:
		// Another request may have been told to be silent meanwhile.
		return p.silence()
	}
}

// reserve takes a place in every window and says how long until the last of
// them comes up.
func (p *pacer) reserve() (delay time.Duration, giveBack func()) {
	now := time.Now()
	taken := make([]*rate.Reservation, 0, len(p.windows))
	for _, w := range p.windows {
		r := w.ReserveN(now, 1)
		taken = append(taken, r)
		delay = max(delay, r.DelayFrom(now))
	}
	return delay, func() {
		for _, r := range taken {
			r.Cancel()
		}
	}
}

// Silence stops all requests for a while. A shorter silence does not end a
// longer one.
func (p *pacer) Silence(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.silentUntil) {
		p.silentUntil = until
	}
}

// silence is the error of a request made while Snyk asks for silence.
func (p *pacer) silence() error {
	p.mu.Lock()
	left := time.Until(p.silentUntil)
	p.mu.Unlock()
	if left <= 0 {
		return nil
	}
	return &audit.SnykError{
		Class:      audit.SnykRateLimited,
		Detail:     fmt.Sprintf("it asked this credential for silence, for another %s", roundUp(left)),
		RetryAfter: left,
	}
}

// roundUp rounds to whole seconds, never to none.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
