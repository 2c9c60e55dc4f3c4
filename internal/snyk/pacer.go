package snyk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// pacer gives the requests of one credential their turns: at a share of Snyk's
// limits, live ones first, and none while Snyk asks for silence.
type pacer struct {
	share float64
	// base are the limits taken before any answer names them.
	base  []Window
	start time.Time

	mu sync.Mutex // guards what follows
	// known are Snyk's limits as it last named them.
	known []Window
	pace  pace
	line  line
	// timer runs release when the next turn comes. Nil before anyone waited.
	timer *time.Timer
	// silentUntil is the end of the silence that Snyk asked for, since start.
	silentUntil time.Duration
	// refusals counts the silences since an answer was none.
	refusals int
}

// newPacer makes a pacer that uses a share of the windows.
func newPacer(windows []Window, share float64) *pacer {
	return &pacer{share: share, base: windows, known: windows, start: time.Now(), pace: newPace(windows, share)}
}

// Pace is how many requests a second the credential may make in the long run, by
// Snyk's limits as far as its answers have told them.
func (c *Client) Pace() float64 {
	s, leave := c.clients.sessions.enter(c.key)
	defer leave()
	return s.pace.Rate()
}

// Rate is how many turns a second there are in the long run.
func (p *pacer) Rate() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.rate()
}

// Wait returns when the request's turn comes. While Snyk asks for silence it
// returns at once with an *audit.SnykError that says how long: its callers show
// that they are rate limited, and wait. It does the same where the turn cannot
// come before ctx's deadline. When ctx ends it returns ctx's error.
func (p *pacer) Wait(ctx context.Context, turn priority) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, err := p.join(ctx, turn)
	if err != nil {
		return err
	}
	select {
	case err := <-w.answer:
		return err
	case <-ctx.Done():
		if p.leave(w) {
			return ctx.Err()
		}
		return <-w.answer // it came at the same moment
	}
}

// join puts a request in the line.
func (p *pacer) join(ctx context.Context, turn priority) (*waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now < p.silentUntil {
		return nil, silence(p.silentUntil - now)
	}
	if end, ok := ctx.Deadline(); ok {
		if delay := p.pace.after(p.line.ahead(turn), now); delay > 0 && time.Until(end) < delay {
			return nil, &audit.SnykError{
				Class:      audit.SnykRateLimited,
				Detail:     "this credential has used up its pace for now",
				RetryAfter: delay,
			}
		}
	}
	w := &waiter{turn, make(chan error, 1)}
	p.line.add(w)
	p.release()
	return w, nil
}

// leave takes a request out of the line, and says whether it was still there.
func (p *pacer) leave(w *waiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.line.remove(w)
	p.release()
	return found
}

// release gives turns as long as they have come, and sets the timer for the next.
// p.mu is held.
func (p *pacer) release() {
	for !p.line.empty() {
		now := p.now()
		if delay := p.pace.next(now) - now; delay > 0 {
			p.wake(delay)
			return
		}
		p.pace.take(now)
		p.line.next().answer <- nil
	}
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *pacer) wake(delay time.Duration) {
	if p.timer != nil {
		p.timer.Reset(delay)
		return
	}
	p.timer = time.AfterFunc(delay, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.release()
	})
}

// Adopt takes over the windows that an answer has named, for those who wait too.
func (p *pacer) Adopt(told []Window) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := adopted(p.known, p.base, told)
	if slices.Equal(known, p.known) {
		return
	}
	p.known = known
	p.pace.use(known, p.share)
	p.release()
}

// Silence stops all requests for a while, those that wait too. A shorter silence
// does not end a longer one. After it the pace is even, without a burst.
//
// A silence that ends in another refusal was not enough: somebody else asks with
// the same credential, and each request of theirs and ours begins Snyk's wait
// anew. So silences in a row grow, unevenly, until one of them is long enough.
func (p *pacer) Silence(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now >= p.silentUntil {
		d = longer(d, p.refusals)
		p.refusals++
	}
	p.silentUntil = max(p.silentUntil, now+d)
	p.pace.rest(p.silentUntil)
	for _, w := range p.line.clear() {
		w.answer <- silence(p.silentUntil - now)
	}
	p.release()
}

// longestGuess bounds a silence that is longer than Snyk asked for.
const longestGuess = 4 * time.Minute

// longer is a silence after so many that did not help.
func longer(d time.Duration, before int) time.Duration {
	if before == 0 {
		return d
	}
	d = max(d, min(d<<min(before, 10), longestGuess))
	return d + rand.N(longestGuess/4)
}

// Heard takes note of an answer that is no refusal, to a request sent at a time
// since start: the last silence was enough. One sent before that silence ended
// was on its way already, and says nothing of it.
func (p *pacer) Heard(sent time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sent >= p.silentUntil {
		p.refusals = 0
	}
}

// silence is the error of a request made while Snyk asks for silence.
func silence(left time.Duration) error {
	return &audit.SnykError{
		Class:      audit.SnykRateLimited,
		Detail:     fmt.Sprintf("it asked this credential for silence, for another %s", roundUp(left)),
		RetryAfter: left,
	}
}

// remembered is how long a pacer that nobody uses knows more than a new one.
func (p *pacer) remembered() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.remembered()
}

func (p *pacer) now() time.Duration { return time.Since(p.start) }

// roundUp rounds to whole seconds, never to none.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
