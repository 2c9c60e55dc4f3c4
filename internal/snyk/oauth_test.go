package snyk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// issuer is a region whose token endpoint counts, and whose API takes the newest
// access token only, while good says so.
type issuer struct {
	mu     sync.Mutex // guards what follows
	issued int
	calls  int
	refuse bool
	// answer replaces the token endpoint's answer.
	answer http.HandlerFunc
	life   string
	delay  time.Duration
	forms  []string
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != oauthPath {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.calls++
		if i.refuse || r.Header.Get("Authorization") != fmt.Sprintf("bearer access-%d", i.issued) {
			answering(401, `{"errors":[{"detail":"who? `+r.Header.Get("Authorization")+`"}]}`)(w, r)
			return
		}
		answering(200, empty)(w, r)
		return
	}
	if i.delay > 0 {
		select {
		case <-time.After(i.delay):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	i.forms = append(i.forms, r.Method+" "+r.URL.String()+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Authorization")+string(body))
	if i.answer != nil {
		i.answer(w, r)
		return
	}
	i.issued++
	answering(200, fmt.Sprintf(`{"access_token":"access-%d","expires_in":%s,"token_type":"bearer","scope":"org.read"}`,
		i.issued, cmp.Or(i.life, "3600")))(w, r)
}

func TestOAuthTokenIsFetchedAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		region := &issuer{}
		clients := newClients(t, region.ServeHTTP)
		ask := func(want int) {
			t.Helper()
			// A client made anew shares the token.
			if _, err := search(t, clients.For(us, oauth)); err != nil || region.issued != want {
				t.Fatalf("%v, %d tokens fetched, want %d", err, region.issued, want)
			}
		}
		ask(1)
		ask(1)
		time.Sleep(58 * time.Minute)
		ask(1)
		time.Sleep(time.Minute + time.Second)
		ask(2)
		want := "POST https://api.snyk.io/oauth2/token application/x-www-form-urlencoded " +
			"client_id=client-1&client_secret=s3cret%2Fof%2Bclient&grant_type=client_credentials"
		if region.forms[0] != want {
			t.Errorf("sent\n%s, want\n%s", region.forms[0], want)
		}
	})
}

func TestOAuthTokenThatSnykDoesNotTake(t *testing.T) {
	region := &issuer{}
	clients := newClients(t, region.ServeHTTP)
	client := clients.For(us, oauth)
	if _, err := search(t, client); err != nil {
		t.Fatal(err)
	}
	region.issued++ // the token that was kept is no longer the newest
	if _, err := search(t, client); err != nil || region.issued != 3 || region.calls != 3 {
		t.Fatalf("%v, newest token %d, %d calls; want one token and one call more", err, region.issued, region.calls)
	}
	region.refuse = true
	_, err := search(t, client)
	trouble := wantClass(t, err, audit.SnykUnauthenticated)
	if region.issued != 4 || region.calls != 5 {
		t.Errorf("newest token %d, %d calls; want one refresh and one more try", region.issued, region.calls)
	}
	if trouble.Detail != "who? bearer [redacted]" {
		t.Errorf("detail = %q", trouble.Detail)
	}
	// The one fetched for that very call was new, and was kept. Now it is old.
	_, err = search(t, client)
	wantClass(t, err, audit.SnykUnauthenticated)
	if region.issued != 5 || region.calls != 7 {
		t.Errorf("newest token %d, %d calls; want one refresh and one more try", region.issued, region.calls)
	}
}

// TestOneFeedsRefusalCostsOneToken has a feed that is refused with every token,
// beside one that is not.
func TestOneFeedsRefusalCostsOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		region := &issuer{}
		client := newClients(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, groupID) {
				answering(401, "")(w, r)
				return
			}
			region.ServeHTTP(w, r)
		}).For(us, oauth)
		refused := hour
		refused.Feed.ID = groupID
		const rounds = 20
		for range rounds {
			_, err := client.Search(t.Context(), refused)
			wantClass(t, err, audit.SnykUnauthenticated)
			if _, err := search(t, client); err != nil {
				t.Fatal(err)
			}
		}
		if region.issued != rounds {
			t.Errorf("%d tokens in %d rounds, want one each", region.issued, rounds)
		}
	})
}

func TestTokenIsNotRefreshed(t *testing.T) {
	asked := 0
	clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		answering(401, "")(w, r)
	})
	_, err := search(t, clients.For(us, key))
	wantClass(t, err, audit.SnykUnauthenticated)
	if asked != 1 {
		t.Errorf("%d requests, want 1", asked)
	}
}

func TestOAuthTokenIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		region := &issuer{delay: time.Second}
		clients := newClients(t, region.ServeHTTP)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := search(t, clients.For(us, oauth)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if region.issued != 1 || region.calls != 8 {
			t.Errorf("%d tokens for %d calls, want 1 for 8", region.issued, region.calls)
		}
	})
}

// TestOAuthFetcherLeaves has the caller who fetches go away: another one who waits
// takes over.
func TestOAuthFetcherLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache tokenCache
		ctx, cancel := context.WithCancel(t.Context())
		fetches := 0
		fetch := func(ctx context.Context) (grant, error) {
			fetches++
			select {
			case <-ctx.Done():
				return grant{}, ctx.Err()
			case <-time.After(time.Second):
				return grant{value: "access", life: time.Hour}, nil
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := cache.get(ctx, fetch); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			got, err := cache.get(t.Context(), fetch)
			if err != nil || got.value != "access" || !got.fresh {
				t.Errorf("who stayed got %+v, %v", got, err)
			}
		})
		impatient, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if _, err := cache.get(impatient, fetch); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who did not wait got %v", err)
		}
		cancel()
		wg.Wait()
		if fetches != 2 {
			t.Errorf("%d fetches, want 2", fetches)
		}
	})
}

func TestOAuthFetchThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache tokenCache
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() { _ = recover() }()
			_, _ = cache.get(t.Context(), func(context.Context) (grant, error) {
				time.Sleep(time.Second)
				panic("broken")
			})
		})
		synctest.Wait()
		if _, err := cache.get(t.Context(), nil); !errors.Is(err, errUnfinished) {
			t.Errorf("who waits got %v, want %v", err, errUnfinished)
		}
		wg.Wait()
	})
}

func TestOAuthErrors(t *testing.T) {
	secret := oauth.ClientSecret.Reveal()
	tests := []struct {
		name   string
		status int
		body   string
		want   audit.SnykClass
		text   string
	}{
		{"wrong secret", 401, `{"error":"invalid_client","error_description":"` + secret + ` is wrong"}`, audit.SnykUnauthenticated, "invalid_client: [redacted] is wrong"},
		{"wrong client", 400, `{"error":"invalid_client"}`, audit.SnykUnauthenticated, "invalid_client"},
		{"client without the grant", 400, `{"error":"unauthorized_client"}`, audit.SnykUnauthenticated, "unauthorized_client"},
		{"forbidden", 403, "", audit.SnykUnauthenticated, "Forbidden"},
		{"bad request", 400, `{"error":"unsupported_grant_type"}`, audit.SnykBadRequest, "unsupported_grant_type"},
		{"no such endpoint", 404, "<html>", audit.SnykBadRequest, "Not Found"},
		{"gone", 410, "", audit.SnykBadRequest, "Gone"},
		{"throttled", 429, "", audit.SnykRateLimited, "Too Many Requests"},
		{"down", 503, proxyPage, audit.SnykUnavailable, "502 Bad Gateway"},
		{"half an answer", 200, `{"access_token":"acc`, audit.SnykUnavailable, "cut"},
		{"HTML", 200, "<html>", audit.SnykBadAnswer, "no JSON"},
		{"no token", 200, `{"token":"x"}`, audit.SnykBadAnswer, "no access token"},
		{"a refusal for a token", 200, `{"error":"invalid_client","error_description":"` + secret + `"}`, audit.SnykUnauthenticated, "invalid_client: [redacted]"},
		{"another error for a token", 200, `{"error":"server_error"}`, audit.SnykBadAnswer, "server_error"},
		{"a token of another type", 200, `{"access_token":{"value":"` + secret + `"}}`, audit.SnykBadAnswer, "no access token"},
		{"an empty token", 200, `{"access_token":""}`, audit.SnykBadAnswer, "no access token"},
		{"created", 201, `{"access_token":"access-1"}`, audit.SnykBadAnswer, "token endpoint"},
		{"a token that no header can carry", 200, `{"access_token":"a\r\nX-Evil: 1"}`, audit.SnykBadAnswer, "no access token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			region := &issuer{answer: answering(tt.status, tt.body, "snyk-request-id", "req-9")}
			_, err := search(t, newClients(t, region.ServeHTTP).For(us, oauth))
			trouble := wantClass(t, err, tt.want)
			if !strings.Contains(trouble.Detail, tt.text) || strings.Contains(err.Error(), secret) {
				t.Errorf("detail = %q, want %q in it", trouble.Detail, tt.text)
			}
			if trouble.HTTPStatus != tt.status || trouble.RequestID != "req-9" || region.calls != 0 {
				t.Errorf("%+v, %d calls without a token", trouble, region.calls)
			}
		})
	}
}

func TestOAuth429SilencesTheCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		region := &issuer{answer: answering(429, "", "Retry-After", "30")}
		clients := newClients(t, region.ServeHTTP)
		for range 3 {
			_, err := search(t, clients.For(us, oauth))
			if trouble := wantClass(t, err, audit.SnykRateLimited); trouble.RetryAfter != 30*time.Second {
				t.Errorf("retry after %v", trouble.RetryAfter)
			}
		}
		if len(region.forms) != 1 {
			t.Errorf("%d requests, want 1", len(region.forms))
		}
	})
}

func TestLifeOfTokens(t *testing.T) {
	for raw, want := range map[string]time.Duration{
		"3600": time.Hour, `"3600"`: time.Hour, "3599.5": time.Hour - 500*time.Millisecond, "0": 0, "-5": 0,
		"1e99": maxLife, "": defaultLife, "null": defaultLife, `"soon"`: defaultLife, "{}": defaultLife,
	} {
		if got := lifeOf([]byte(raw)); got != want {
			t.Errorf("lifeOf(%s) = %v, want %v", raw, got, want)
		}
	}
}

// TestOAuthAnswersAreReadAsTheyCome has answers that a strict reader refuses.
func TestOAuthAnswersAreReadAsTheyCome(t *testing.T) {
	for name, tt := range map[string]struct {
		body, contentType string
		life              time.Duration
	}{
		"documented":           {`{"access_token":"access-0","expires_in":3600,"token_type":"bearer","scope":"org.read"}`, "application/json; charset=utf-8", time.Hour},
		"called a text":        {`{"access_token":"access-0","expires_in":3600}`, "text/plain", time.Hour},
		"called a form":        {`{"access_token":"access-0","expires_in":3600}`, "application/x-www-form-urlencoded", time.Hour},
		"a text of a life":     {`{"access_token":"access-0","expires_in":"3600"}`, "application/json", time.Hour},
		"parts of a second":    {`{"access_token":"access-0","expires_in":3599.5}`, "application/json", time.Hour - time.Second/2},
		"a life without bound": {`{"access_token":"access-0","expires_in":1e99}`, "application/json", maxLife},
		"a life in words":      {`{"access_token":"access-0","expires_in":"soon"}`, "application/json", defaultLife},
		"no life":              {`{"access_token":"access-0"}`, "application/json", defaultLife},
	} {
		t.Run(name, func(t *testing.T) {
			region := &issuer{answer: answering(200, tt.body, "Content-Type", tt.contentType)}
			client := newClients(t, region.ServeHTTP).For(us, oauth)
			if _, err := search(t, client); err != nil {
				t.Fatal(err)
			}
			s, leave := client.clients.sessions.enter(client.key)
			defer leave()
			got, err := client.fetchToken(t.Context(), s)
			if err != nil || got.value != "access-0" || got.life != tt.life {
				t.Errorf("%+v, %v; want a life of %v", got, err, tt.life)
			}
		})
	}
}

// The endpoint is asked once for each fetch, in one way: a secret that is wrong is
// not sent again in another.
func TestOAuthAsksOnce(t *testing.T) {
	region := &issuer{answer: answering(401, `{"error":"invalid_client"}`)}
	_, err := search(t, newClients(t, region.ServeHTTP).For(us, oauth))
	wantClass(t, err, audit.SnykUnauthenticated)
	if len(region.forms) != 1 || strings.Contains(region.forms[0], "Basic") {
		t.Errorf("%d requests, the first %q", len(region.forms), region.forms[0])
	}
}

func TestOAuthFetchEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clients := newClients(t, nil, func(c *Config) { c.Transport = canceling{cancel} })
	_, err := clients.For(us, oauth).Search(ctx, hour)
	if err != context.Canceled { //nolint:errorlint // the error itself is promised
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
