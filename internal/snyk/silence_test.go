package snyk

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

func TestSilenceReachesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{1, 10 * time.Second}}, 1)
		if err := p.Wait(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		time.AfterFunc(5*time.Second, func() { p.Silence(time.Minute) })
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				err := p.Wait(t.Context(), priority(n%2))
				trouble := wantClass(t, err, audit.SnykRateLimited)
				if trouble.RetryAfter != time.Minute || time.Since(start) != 5*time.Second {
					t.Errorf("retry after %v, said after %v; want a minute at once", trouble.RetryAfter, time.Since(start))
				}
			})
		}
		wg.Wait()
		p.Silence(time.Second)
		time.Sleep(59 * time.Second)
		trouble := wantClass(t, p.Wait(t.Context(), live), audit.SnykRateLimited)
		if trouble.RetryAfter != time.Second {
			t.Errorf("a shorter silence left %v, want a second", trouble.RetryAfter)
		}
		time.Sleep(time.Second)
		if err := p.Wait(t.Context(), live); err != nil || time.Since(start) != 65*time.Second {
			t.Errorf("after the silence: %v, %v", err, time.Since(start))
		}
	})
}

func TestNoBurstAfterTheSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(limits, 0.5)
		p.Silence(time.Minute)
		p.Adopt([]Window{{1600, time.Minute}}) // the answer that asked for it tells of limits too
		time.Sleep(time.Minute)
		if got := len(turnsFor(t, p, time.Second)); got < 13 || got > 15 {
			t.Errorf("%d requests in the first second, want 14: an even pace", got)
		}
	})
}

// bubble is a simulator without a network, for a testing/synctest bubble.
func bubble(t *testing.T, budget float64, rates snyksim.RateLimit) *world {
	t.Helper()
	sim, err := snyksim.New(snyksim.Config{Seed: 7, RateLimit: rates, RequestLogSize: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := New(Config{Transport: sim.Transport(), Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	org := sim.AddOrg("Goof")
	return &world{sim, org, clients, audit.Search{
		Feed: audit.Feed{Scope: audit.ScopeOrg, ID: org.ID}, From: now.Add(-time.Hour), To: now.Add(time.Hour),
	}}
}

// hammer has many clients of one credential ask for so long as fast as they may,
// all calls beside each other, and says how many answers they had.
func (w *world) hammer(t *testing.T, cred audit.Credential, d time.Duration) (answers int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	history := w.search
	history.Background = true
	calls := []func(*Client) error{
		func(c *Client) error { _, err := c.Search(ctx, w.search); return err },
		func(c *Client) error { _, err := c.Search(ctx, history); return err },
		func(c *Client) error { _, err := c.Organization(ctx, w.org.ID); return err },
		func(c *Client) error { _, err := c.Self(ctx); return err },
	}
	var mu sync.Mutex // guards answers
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() {
			client := w.clients.For(us, cred)
			for ctx.Err() == nil {
				err := calls[n%len(calls)](client)
				var trouble *audit.SnykError
				switch {
				case err == nil:
					mu.Lock()
					answers++
					mu.Unlock()
				case ctx.Err() != nil:
				case errors.As(err, &trouble) && trouble.Class == audit.SnykRateLimited:
					time.Sleep(trouble.RetryAfter)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return answers
}

// TestNobodyAsksInTheSilence answers one request of many with 429. Not one is made
// until the time that it names is over, and then they go on.
func TestNobodyAsksInTheSilence(t *testing.T) {
	const nth = 200 // the burst is over, so no two requests are made at the same moment
	hints := map[string]struct {
		hint  snyksim.RetryHint
		quiet time.Duration
	}{
		"Retry-After":           {snyksim.HintRetryAfter, 45 * time.Second},
		"Retry-After as a date": {snyksim.HintRetryAfterDate, 45 * time.Second},
		"X-Ratelimit-Reset":     {snyksim.HintReset, 45 * time.Second},
		"neither":               {snyksim.HintNone, time.Minute},
	}
	for name, hint := range hints {
		for kind, of := range map[string]snyksim.TokenKind{"token": snyksim.LegacyToken, "oauth": snyksim.OAuthClient} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := bubble(t, 0.5, snyksim.RateLimit{})
					w.Inject(snyksim.Fault{Effect: snyksim.Delay(200 * time.Millisecond)})
					w.Inject(snyksim.Fault{Match: snyksim.Match{Nth: nth}, Times: 1, Effect: snyksim.Throttle(hint.quiet, hint.hint)})
					w.hammer(t, w.credential(of), 3*time.Minute)
					if n := w.Throttled(); n != 1 {
						t.Errorf("%d requests were refused, want 1", n)
					}
					asked := w.Requests()
					refused := asked[nth-1]
					end := refused.Time.Add(hint.quiet)
					early, soon := 0, 0
					for _, r := range asked[nth:] {
						if r.Time.Before(end) {
							early++
						} else if r.Time.Before(end.Add(2 * time.Second)) {
							soon++
						}
					}
					if refused.Status != 429 || early != 0 {
						t.Errorf("status %d, then %d requests in the silence of %v", refused.Status, early, hint.quiet)
					}
					if soon < 10 || soon > 28 {
						t.Errorf("%d requests in the two seconds after the silence, want an even pace", soon)
					}
				})
			})
		}
	}
}

// TestSnykNeverRefuses keeps limits as Snyk does, and as it might: at the whole
// budget not one request of many clients is refused.
func TestSnykNeverRefuses(t *testing.T) {
	tests := map[string]struct {
		budget  float64
		windows []snyksim.Window
		pace    float64
	}{
		"Snyk's limits, half of them":  {0.5, nil, 13.5},
		"Snyk's limits, all of them":   {1, nil, 27},
		"lower ones than are known":    {1, []snyksim.Window{{Count: 100, Per: time.Second}, {Count: 600, Per: time.Minute}}, 10},
		"another window than is known": {1, []snyksim.Window{{Count: 25, Per: 5 * time.Second}}, 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := bubble(t, test.budget, snyksim.RateLimit{Enforce: true, Windows: test.windows})
				w.Inject(snyksim.Fault{Effect: snyksim.Delay(10 * time.Millisecond)})
				cred := w.credential(snyksim.LegacyToken)
				if _, err := w.clients.For(us, cred).Self(t.Context()); err != nil { // its answer tells the limits
					t.Fatal(err)
				}
				if got := w.clients.For(us, cred).Pace(); got != test.pace {
					t.Errorf("pace %v, want %v", got, test.pace)
				}
				answers := w.hammer(t, cred, 4*time.Minute)
				if n := w.Throttled(); n != 0 {
					t.Errorf("%d requests were refused", n)
				}
				if want := int(0.95 * test.pace * 4 * 60); answers < want {
					t.Errorf("%d answers in four minutes, want %d at least", answers, want)
				}
			})
		})
	}
}

func TestPaceBeforeAnyAnswer(t *testing.T) {
	if got := newClients(t, nil).For(us, key).Pace(); got != 13.5 {
		t.Errorf("pace %v, want 13.5: half of 1620 a minute", got)
	}
}
