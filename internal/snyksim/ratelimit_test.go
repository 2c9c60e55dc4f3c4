package snyksim

import (
	"strconv"
	"testing"
	"time"
)

func TestRateLimit(t *testing.T) {
	f := newFixture(t, Config{RateLimit: RateLimit{
		Enforce: true, Windows: []Window{{3, time.Second}, {5, time.Minute}}, Hint: HintReset,
	}})
	other := f.AddToken(Token{Grants: []Grant{OrgAdmin(f.org.ID)}})
	expect := func(want int) got {
		t.Helper()
		g := f.search()
		if g.status != want {
			t.Fatalf("status %d, want %d", g.status, want)
		}
		return g
	}
	for range 2 {
		expect(200)
	}
	if g := expect(200); g.header.Get("X-Ratelimit-Remaining") != "0" || g.header.Get("X-Ratelimit-Reset") != "1" {
		t.Errorf("headers %v", g.header)
	}
	g := expect(429)
	if g.header.Get("X-Ratelimit-Reset") != "60" || g.header.Get("Retry-After") != "" || g.document(t).Errors[0].Code != "SNYK-0001" {
		t.Errorf("429: %v %s", g.header, g.body)
	}
	if g := f.getAs("token "+other.Value, f.searchPath()); g.status != 200 {
		t.Errorf("another credential: status %d", g.status)
	}
	f.clock.advance(59 * time.Second)
	expect(429) // hammering begins the minute anew
	f.clock.advance(59 * time.Second)
	expect(429)
	f.clock.advance(60 * time.Second)
	expect(200)
	if f.Throttled() != 3 {
		t.Errorf("throttled %d", f.Throttled())
	}
}

func TestLimitsOfAMinute(t *testing.T) {
	f := newFixture(t, Config{RateLimit: RateLimit{Enforce: true, Windows: []Window{{3, time.Second}, {5, time.Minute}}}})
	for i := range 6 {
		want := 200
		if i == 5 {
			want = 429
		}
		if g := f.search(); g.status != want {
			t.Errorf("request %d: status %d", i, g.status)
		}
		f.clock.advance(time.Second)
	}
}

// TestRemainingFallsWithoutALimit: the headers tell of the budget in any case.
func TestRemainingFallsWithoutALimit(t *testing.T) {
	f := newFixture(t, Config{})
	for want := 159; want >= 150; want-- {
		g := f.search()
		if g.header.Get("X-Ratelimit-Remaining") != strconv.Itoa(want) || g.header.Get("X-Ratelimit-Reset") != "1" {
			t.Fatalf("headers %v, want %d remaining", g.header, want)
		}
	}
	for range 400 {
		if g := f.search(); g.status != 200 {
			t.Fatalf("status %d", g.status)
		}
	}
	f.clock.advance(time.Second)
	if g := f.search(); g.header.Get("X-Ratelimit-Remaining") != "159" {
		t.Errorf("a second later: headers %v", g.header)
	}
}

func TestThrottleHints(t *testing.T) {
	for name, c := range map[string]struct {
		hint              RetryHint
		reset, retryAfter string
	}{
		"reset":  {HintReset, "30", ""},
		"after":  {HintRetryAfter, "", "30"},
		"date":   {HintRetryAfterDate, "", "Wed, 12 Mar 2025 11:30:30 GMT"},
		"silent": {HintNone, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, Config{})
			f.Inject(Fault{Match: Match{Nth: 2}, Times: 1, Effect: Throttle(30*time.Second, c.hint)})
			if g := f.search(); g.status != 200 {
				t.Fatalf("first: status %d", g.status)
			}
			g := f.search()
			if g.status != 429 || g.header.Get("X-Ratelimit-Reset") != c.reset || g.header.Get("Retry-After") != c.retryAfter {
				t.Errorf("status %d, headers %v", g.status, g.header)
			}
			f.clock.advance(29 * time.Second)
			if g := f.search(); g.status != 429 {
				t.Errorf("too early: status %d", g.status)
			}
			f.clock.advance(30 * time.Second)
			if g := f.search(); g.status != 200 {
				t.Errorf("after the quiet: status %d", g.status)
			}
			if f.FaultsFired()["throttle"] != 1 || f.Throttled() != 2 {
				t.Errorf("fired %v, throttled %d", f.FaultsFired(), f.Throttled())
			}
		})
	}
}
