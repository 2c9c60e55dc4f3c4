package snyk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// oneASecond is a pacer with a turn a second, the first of which is taken.
func oneASecond(t *testing.T) *pacer {
	t.Helper()
	p := newPacer([]Window{{1, time.Second}}, 1)
	if err := p.Wait(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	return p
}

// asker asks for turns, each with a name that it notes when the turn comes.
type asker struct {
	pace *pacer
	wg   sync.WaitGroup

	mu    sync.Mutex // guards turns
	turns []string
}

// ask asks for a turn, and returns once the request is in the line.
func (a *asker) ask(ctx context.Context, name string, turn priority) {
	a.wg.Go(func() {
		if a.pace.Wait(ctx, turn) == nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.turns = append(a.turns, name)
		}
	})
	synctest.Wait()
}

func TestPriorityOfSearches(t *testing.T) {
	if priorityOf(audit.Search{}) != live || priorityOf(audit.Search{Background: true}) != background {
		t.Error("a search is background when it says so, else live")
	}
}

// TestOrderOfRequests holds that every call of a client has the priority it is
// meant to have: the handler sees the requests in the order of their turns.
func TestOrderOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, path.Base(r.URL.Path)+r.URL.Query().Get("cursor"))
			switch {
			case r.URL.Path == oauthPath:
				answering(200, `{"access_token":"x","expires_in":60}`)(w, r)
			case strings.HasSuffix(r.URL.Path, "search"):
				answering(200, empty)(w, r)
			default:
				answering(200, `{"data":{"id":"`+orgID+`","type":"org"}}`)(w, r)
			}
		}, func(c *Config) { c.Windows, c.Budget = []Window{{1, 10 * time.Second}}, 1 })
		client := clients.For(us, oauth)
		history := hour
		history.Background = true
		if _, err := client.Search(t.Context(), hour); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		ask := func(call func() error) {
			wg.Go(func() {
				if err := call(); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for range 2 {
			ask(func() error { _, err := client.Search(t.Context(), history); return err })
			ask(func() error { _, err := client.Follow(t.Context(), history, "?cursor=old"); return err })
		}
		ask(func() error { _, err := client.Follow(t.Context(), hour, "?cursor=new"); return err })
		ask(func() error { _, err := client.Organization(t.Context(), orgID); return err })
		ask(func() error { _, err := client.Self(t.Context()); return err })
		// The three had their turns, then half of the history; the token has ended.
		time.Sleep(51 * time.Second)
		ask(func() error { _, err := client.Follow(t.Context(), hour, "?cursor=newest"); return err })
		wg.Wait()
		want := "token search searchnew " + orgID + " self search searchold token searchnewest search searchold"
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("requests\n%s, want\n%s", got, want)
		}
	})
}

func TestLiveComesBeforeBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{pace: oneASecond(t)}
		for _, name := range []string{"b1", "b2"} {
			a.ask(t.Context(), name, background)
		}
		for _, name := range []string{"l1", "l2", "l3"} {
			a.ask(t.Context(), name, live)
		}
		a.ask(t.Context(), "b3", background)
		time.Sleep(1500 * time.Millisecond)
		a.ask(t.Context(), "l4", live)
		a.wg.Wait()
		if want := []string{"l1", "l2", "l3", "l4", "b1", "b2", "b3"}; !slices.Equal(a.turns, want) {
			t.Errorf("turns %v, want %v", a.turns, want)
		}
	})
}

func TestBackgroundHasEveryTenthTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{pace: oneASecond(t)}
		for n := range 40 {
			a.ask(t.Context(), fmt.Sprint("l", n), live)
		}
		for n := range 3 {
			a.ask(t.Context(), fmt.Sprint("b", n), background)
		}
		a.wg.Wait()
		for n, at := range []int{9, 19, 29} {
			if want := fmt.Sprint("b", n); a.turns[at] != want {
				t.Errorf("turn %d is %s, want %s", at+1, a.turns[at], want)
			}
		}
	})
}

// TestFeedsShareEvenly has twenty feeds of each priority ask as fast as they can,
// some of them from the start and others later, with one request under way each.
func TestFeedsShareEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const feeds = 20
		p := newPacer(limits, 0.5)
		var turns [background + 1][feeds]int
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		for _, turn := range []priority{live, background} {
			for feed := range feeds {
				wg.Go(func() {
					for ctx.Err() == nil {
						if p.Wait(ctx, turn) == nil && time.Since(p.start) > time.Minute {
							turns[turn][feed]++
						}
					}
				})
				time.Sleep(time.Second)
			}
		}
		wg.Wait()
		total := 0
		for turn, of := range turns {
			if least, most := slices.Min(of[:]), slices.Max(of[:]); least < 1 || most-least > 1 {
				t.Errorf("priority %d: a feed has %d turns, another one %d: %v", turn, least, most, of)
			}
			for _, n := range of {
				total += n
			}
		}
		all := 0
		for _, n := range turns[background] {
			all += n
		}
		if share := float64(all) / float64(total); share < 0.099 || share > 0.101 {
			t.Errorf("the background has %.3f of the turns, want a tenth", share)
		}
		if want := 59 * 810; total < want-2 || total > want+2 {
			t.Errorf("%d turns in 59 minutes, want %d", total, want)
		}
	})
}

func TestLeavingGivesThePlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{pace: oneASecond(t)}
		gone, leave := context.WithCancel(t.Context())
		for n := range 50 {
			a.ask(gone, "nobody", priority(n%2))
		}
		a.ask(t.Context(), "l", live)
		a.ask(t.Context(), "b", background)
		leave()
		start := time.Now()
		a.wg.Wait()
		if took := time.Since(start); took != 2*time.Second || !slices.Equal(a.turns, []string{"l", "b"}) {
			t.Errorf("%v after %v, want l and b after two seconds", a.turns, took)
		}
		if !a.pace.line.empty() {
			t.Error("someone is still in the line")
		}
	})
}

func TestDeadlineBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{pace: oneASecond(t)}
		for n := range 4 {
			a.ask(t.Context(), fmt.Sprint(n), live)
		}
		for n := range 2 {
			a.ask(t.Context(), fmt.Sprint(n), background)
		}
		for turn, wait := range map[priority]time.Duration{live: 5 * time.Second, background: 7 * time.Second} {
			soon, cancel := context.WithTimeout(t.Context(), wait-1)
			start := time.Now()
			trouble := wantClass(t, a.pace.Wait(soon, turn), audit.SnykRateLimited)
			if trouble.RetryAfter != wait || time.Since(start) != 0 {
				t.Errorf("priority %d: %+v after %v, want %v at once", turn, trouble, time.Since(start), wait)
			}
			cancel()
		}
		// Others can still come before a background request that could have come in
		// time; then it waits no longer than it said.
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		var got error
		a.wg.Go(func() { got = a.pace.Wait(ctx, background) })
		synctest.Wait()
		a.ask(t.Context(), "late", live)
		start := time.Now()
		<-ctx.Done()
		synctest.Wait()
		if !errors.Is(got, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
			t.Errorf("%v after %v", got, time.Since(start))
		}
		a.wg.Wait()
	})
}
