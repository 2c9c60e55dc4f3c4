package snyk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
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
				turns := turnsFor(t, p, 70*time.Minute)
				for _, w := range limits {
					if got, most := mostIn(turns, w.Per), int(float64(w.Count)*share); got > most {
						t.Errorf("%d requests in some %v, want at most %d", got, w.Per, most)
					}
				}
				// All of the share is used, too: that is what Pace promises.
				if want := int(p.Rate() * 4200); len(turns) < want-1 {
					t.Errorf("%d requests in 70 minutes, want %d", len(turns), want)
				}
			})
		})
	}
}

// turnsFor are the turns of one who asks as fast as possible.
func turnsFor(t *testing.T, p *pacer, d time.Duration) (turns []time.Time) {
	t.Helper()
	for start := time.Now(); time.Since(start) < d; {
		if err := p.Wait(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		turns = append(turns, time.Now())
	}
	return turns
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

// TestPaceIsEven holds that requests as fast as they can do not use a window up
// for those who come later.
func TestPaceIsEven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(limits, 0.5)
		turns := turnsFor(t, p, 10*time.Minute)
		if burst := mostIn(turns[:100], time.Second); burst < 50 {
			t.Errorf("%d requests at once after unused time, want 50", burst)
		}
		longest := time.Duration(0)
		for i, at := range turns[1:] {
			gap := at.Sub(turns[i])
			longest = max(longest, gap)
			if since := at.Sub(turns[0]); since > time.Minute && (gap < 74*time.Millisecond || gap > 75*time.Millisecond) {
				t.Fatalf("%v between two requests after %v, want 74 ms", gap, since)
			}
		}
		if longest > credit+75*time.Millisecond {
			t.Errorf("requests were held for %v, want %v at most", longest, credit)
		}
	})
}

func TestUnusedTimeIsNotSavedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{600, time.Minute}}, 1)
		turnsFor(t, p, 10*time.Second)
		time.Sleep(time.Minute)
		// Four seconds' worth, and what comes in the second itself.
		if got := len(turnsFor(t, p, time.Second)); got != 51 {
			t.Errorf("%d requests in a second after a minute of none, want 51", got)
		}
	})
}

func TestShareOfLessThanOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{160, time.Second}}, 0.001)
		turns := turnsFor(t, p, time.Minute)
		if got := turns[1].Sub(turns[0]); got != 6250*time.Millisecond {
			t.Errorf("a request every %v, want 6.25 s: 0.16 a second", got)
		}
		if got := newPacer(limits, 1e-300).Rate(); got <= 0 {
			t.Errorf("rate %v of next to nothing, want some", got)
		}
	})
}

func TestRate(t *testing.T) {
	tests := []struct {
		windows []Window
		share   float64
		want    float64
	}{
		{limits, 0.5, 13.5},
		{limits, 1, 27},
		{[]Window{{160, time.Second}, {1620, time.Minute}, {3600, time.Hour}}, 0.5, 0.5},
		{[]Window{{3, time.Second}, {1620, time.Minute}}, 1, 3},
		{[]Window{{1, time.Second}}, 0.25, 0.25},
	}
	for _, tt := range tests {
		if got := newPacer(tt.windows, tt.share).Rate(); got != tt.want {
			t.Errorf("%v of %v is %v a second, want %v", tt.share, tt.windows, got, tt.want)
		}
	}
}

func TestPaceEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{1, time.Hour}}, 1)
		if err := p.Wait(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := p.Wait(ctx, live); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := p.Wait(ctx, live); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
		// The place that was given up is free: the next turn comes after an hour.
		start := time.Now()
		if err := p.Wait(t.Context(), live); err != nil || time.Since(start) > time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestPaceThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer([]Window{{1, time.Hour}}, 1)
		if err := p.Wait(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		trouble := wantClass(t, p.Wait(ctx, live), audit.SnykRateLimited)
		if trouble.RetryAfter != time.Hour || time.Since(start) != 0 {
			t.Errorf("%+v after %v, want an hour at once", trouble, time.Since(start))
		}
	})
}

func TestLimitsChangeForThoseWhoWait(t *testing.T) {
	tests := map[string]struct {
		told []Window
		want time.Duration // until the next turn, from the change 10 s after the first
	}{
		"raised":                  {[]Window{{6, time.Minute}}, 0},
		"raised a little":         {[]Window{{4, time.Minute}}, 5 * time.Second},
		"lowered":                 {[]Window{{1, time.Minute}}, 50 * time.Second},
		"another one, higher":     {[]Window{{100, time.Second}}, 20 * time.Second},
		"another one, lower":      {[]Window{{1, 10 * time.Minute}}, 10*time.Minute - 10*time.Second},
		"lowered beyond belief":   {[]Window{{1, 24 * time.Hour}}, 20 * time.Second},
		"the same":                {[]Window{{2, time.Minute}}, 20 * time.Second},
		"none":                    {nil, 20 * time.Second},
		"raised beyond belief":    {[]Window{{21, time.Minute}}, 20 * time.Second},
		"lowered and raised":      {[]Window{{6, time.Minute}, {3, 30 * time.Second}}, 0},
		"raised as far as it may": {[]Window{{20, time.Minute}}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPacer([]Window{{2, time.Minute}}, 1)
				p.pace.rest(0) // no burst
				if err := p.Wait(t.Context(), live); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(10*time.Second, func() { p.Adopt(test.told) })
				start := time.Now()
				if err := p.Wait(t.Context(), live); err != nil || time.Since(start) != 10*time.Second+test.want {
					t.Errorf("%v after %v, want %v", err, time.Since(start), 10*time.Second+test.want)
				}
			})
		})
	}
}

// change is the limits from a moment on.
type change struct {
	at      time.Time
	windows []Window
}

// TestNoWindowHoldsMoreThanTheShare has requests come and leave at random while
// the limits change at random.
func TestNoWindowHoldsMoreThanTheShare(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomly(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

// randomly makes requests and changes limits for some hours, and then counts.
func randomly(t *testing.T, dice *rand.Rand) {
	t.Helper()
	pers := []time.Duration{time.Second, 7 * time.Second, time.Minute, 10 * time.Minute, time.Hour}
	draw := func() []Window {
		var out []Window
		for _, per := range pers {
			if dice.IntN(2) == 0 {
				out = append(out, Window{1 + dice.IntN(3+int(per/time.Second)), per})
			}
		}
		return out
	}
	share := 0.02 + 0.98*dice.Float64()
	first := []Window{{5, time.Second}, {100, time.Minute}}
	p := newPacer(first, share)
	known := first
	changes := []change{{time.Now(), first}}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Hour, cancel)

	var mu sync.Mutex // guards turns
	var turns []time.Time
	var wg sync.WaitGroup
	for range 12 {
		dice := rand.New(rand.NewPCG(dice.Uint64(), 2))
		wg.Go(func() {
			for ctx.Err() == nil {
				if impatient(ctx, p, dice) == nil {
					mu.Lock()
					turns = append(turns, time.Now())
					mu.Unlock()
				}
				if dice.IntN(50) == 0 {
					time.Sleep(time.Duration(dice.Int64N(int64(10 * time.Minute))))
				}
			}
		})
	}
	for ctx.Err() == nil {
		time.Sleep(time.Duration(dice.Int64N(int64(20 * time.Minute))))
		told := draw()
		known = adopted(known, first, told)
		changes = append(changes, change{time.Now(), known})
		p.Adopt(told)
	}
	wg.Wait()
	if len(turns) < 100 {
		t.Errorf("only %d turns", len(turns))
	}
	holdsShare(t, turns, changes, share)
	if !p.line.empty() {
		t.Error("someone is still in the line")
	}
}

// impatient waits for a turn, mostly.
func impatient(ctx context.Context, p *pacer, dice *rand.Rand) error {
	if dice.IntN(4) == 0 {
		bounded, cancel := context.WithCancel(ctx)
		defer time.AfterFunc(time.Duration(dice.Int64N(int64(time.Minute))), cancel).Stop()
		defer cancel()
		return p.Wait(bounded, priority(dice.IntN(2)))
	}
	return p.Wait(ctx, priority(dice.IntN(2)))
}

// holdsShare counts, at every turn, the turns in the windows that end there, by
// the limits of that moment. Where they changed at that very moment, either will do.
func holdsShare(t *testing.T, turns []time.Time, changes []change, share float64) {
	t.Helper()
	slices.SortFunc(turns, time.Time.Compare)
	for i, at := range turns {
		var faults []string
		fits := false
		for n, c := range changes {
			over := n+1 < len(changes) && changes[n+1].at.Before(at)
			if over || c.at.After(at) {
				continue
			}
			fault := overfull(turns[:i+1], c.windows, share)
			fits = fits || fault == ""
			faults = append(faults, fault)
		}
		if !fits {
			t.Fatalf("turn %d: %v", i, faults)
		}
	}
}

func overfull(turns []time.Time, windows []Window, share float64) string {
	end := turns[len(turns)-1]
	for _, w := range windows {
		most, per := int(float64(w.Count)*share), w.Per
		if most == 0 {
			most, per = 1, time.Duration(float64(w.Per)/(float64(w.Count)*share))
		}
		from, _ := slices.BinarySearchFunc(turns, end.Add(-per), func(a, b time.Time) int {
			if a.After(b) {
				return 1
			}
			return -1
		})
		if got := len(turns) - from; got > most {
			return fmt.Sprintf("%d turns in %v, want %d at most", got, per, most)
		}
	}
	return ""
}

// TestOldAnswersDoNotEndTheCounting has answers to requests that were on their way
// when the silence began: they say nothing of whether it is enough.
func TestOldAnswersDoNotEndTheCounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(limits, 0.5)
		for before := range 4 {
			sent := p.now()
			p.Silence(time.Minute)
			left := p.silentUntil - p.now()
			if least := longestGuess / 2; before >= 1 && left < least {
				t.Errorf("silence %d takes %v, want %v at least", before+1, left, least)
			}
			p.Heard(sent)
			time.Sleep(left / 2)
			p.Heard(p.now())
			if p.refusals != before+1 {
				t.Fatalf("%d refusals are counted, want %d", p.refusals, before+1)
			}
			time.Sleep(left - left/2 + time.Millisecond)
		}
		p.Heard(p.now())
		if p.refusals != 0 {
			t.Errorf("%d refusals are counted after an answer to a new request, want none", p.refusals)
		}
	})
}

// TestOldAnswersOfAClientDoNotEndTheCounting has a slow answer come back after the
// silence of its time.
func TestOldAnswersOfAClientDoNotEndTheCounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, good := 0, false
		client := newClients(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			if asked == 1 {
				time.Sleep(10 * time.Second)
				answering(200, empty)(w, r)
				return
			}
			if good {
				answering(200, empty)(w, r)
				return
			}
			answering(429, "", "Retry-After", "5")(w, r)
		}).For(us, key)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = search(t, client) })
		synctest.Wait()
		_, err := search(t, client)
		if d := wantClass(t, err, audit.SnykRateLimited).RetryAfter; d != 5*time.Second {
			t.Fatalf("silent for %v, want 5s", d)
		}
		wg.Wait() // the slow answer, after the silence
		_, _ = search(t, client)
		_, err = search(t, client)
		if d := wantClass(t, err, audit.SnykRateLimited).RetryAfter; d < 10*time.Second {
			t.Errorf("silent for %v after the second refusal in a row, want 10s at least", d)
		}
		time.Sleep(2 * longestGuess)
		good = true
		if _, err := search(t, client); err != nil {
			t.Fatal(err)
		}
		good = false
		_, _ = search(t, client)
		_, err = search(t, client)
		if d := wantClass(t, err, audit.SnykRateLimited).RetryAfter; d != 5*time.Second {
			t.Errorf("silent for %v after an answer to a new request, want 5s", d)
		}
	})
}
