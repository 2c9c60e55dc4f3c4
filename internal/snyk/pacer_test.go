package snyk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// TestPaceKeepsEveryWindow lets requests through as fast as they may, and counts
// the most in any stretch of time.
func TestPaceKeepsEveryWindow(t *testing.T) {
	for name, share := range map[string]float64{"half": 0.5, "all": 1, "little": 0.02} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPacer(limits, share)
				start := time.Now()
				var turns []time.Time
				for time.Since(start) < 3*time.Minute {
					if err := p.Wait(t.Context()); err != nil {
						t.Fatal(err)
					}
					turns = append(turns, time.Now())
				}
				for _, w := range limits {
					if got, most := mostIn(turns, w.Per), int(float64(w.Count)*share); got > most {
						t.Errorf("%d requests in some %v, want at most %d", got, w.Per, most)
					}
				}
				// A pace that lets nearly nothing through keeps every window too.
				if least := int(1620 * share * 2); len(turns) < least {
					t.Errorf("%d requests in three minutes, want %d at least", len(turns), least)
				}
			})
		})
	}
}

// mostIn is the most turns in any stretch of time.
func mostIn(turns []time.Time, per time.Duration) (most int) {
	from := 0
	for to := range turns {
		for turns[to].Sub(turns[from]) >= per {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

func TestPaceOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{20, time.Second}}, 0.5)
		turns := make(chan time.Time, 100)
		for range cap(turns) {
			go func() {
				if err := p.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				turns <- time.Now()
			}()
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		close(turns)
		var all []time.Time
		for at := range turns {
			all = append(all, at)
		}
		if got := mostIn(all, time.Second); len(all) != 100 || got > 10 {
			t.Errorf("%d turns, %d in some second; want 100 and 10 at most", len(all), got)
		}
	})
}

func TestPaceEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{1, time.Hour}}, 1)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		// The place that was given up is free: the next turn comes after an hour.
		start := time.Now()
		if err := p.Wait(t.Context()); err != nil || time.Since(start) > time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestPaceThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{1, time.Hour}}, 1)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		trouble := wantClass(t, p.Wait(ctx), audit.SnykRateLimited)
		if trouble.RetryAfter != time.Hour || time.Since(start) != 0 {
			t.Errorf("%+v after %v, want an hour at once", trouble, time.Since(start))
		}
	})
}

func TestSilenceReachesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{1, 10 * time.Second}}, 1)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Second, func() { p.Silence(time.Minute) })
		trouble := wantClass(t, p.Wait(t.Context()), audit.SnykRateLimited)
		if trouble.RetryAfter != 55*time.Second {
			t.Errorf("retry after %v, want 55 s", trouble.RetryAfter)
		}
		p.Silence(time.Second)
		if trouble = wantClass(t, p.Wait(t.Context()), audit.SnykRateLimited); trouble.RetryAfter != 55*time.Second {
			t.Errorf("a shorter silence left %v, want 55 s", trouble.RetryAfter)
		}
		time.Sleep(55 * time.Second)
		if err := p.Wait(t.Context()); err != nil {
			t.Errorf("after the silence: %v", err)
		}
	})
}
