package snyk

import (
	"context"
	"errors"
	"sync"
	"time"
)

// accessToken is an access token to use.
type accessToken struct {
	value string
	// fresh says that it was fetched for this call.
	fresh bool
}

// tokenCache keeps an OAuth access token until shortly before its end. Callers
// who find none wait for one fetch together.
type tokenCache struct {
	mu    sync.Mutex // guards what follows
	value string
	end   time.Time
	// running is the fetch under way, nil where there is none.
	running *tokenFetch
}

// tokenFetch is a fetch under way; value and err are set when done is closed.
type tokenFetch struct {
	done  chan struct{}
	value string
	err   error
}

// get returns the token kept, or the one that fetch brings. Errors are fetch's,
// or ctx's.
func (t *tokenCache) get(ctx context.Context, fetch func(context.Context) (grant, error)) (accessToken, error) {
	for {
		kept, run, mine := t.begin()
		if run == nil {
			return accessToken{value: kept}, nil
		}
		if mine {
			t.lead(ctx, run, fetch)
			return accessToken{run.value, true}, run.err
		}
		select {
		case <-ctx.Done():
			return accessToken{}, ctx.Err()
		case <-run.done:
		}
		// Whoever fetched has left: that is no answer to those who have not.
		if !errors.Is(run.err, context.Canceled) && !errors.Is(run.err, context.DeadlineExceeded) {
			return accessToken{run.value, true}, run.err
		}
	}
}

// begin returns the token kept, or the fetch to wait for; mine says that the
// caller has to do it.
func (t *tokenCache) begin() (kept string, run *tokenFetch, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value != "" && time.Now().Before(t.end) {
		return t.value, nil, false
	}
	if t.running != nil {
		return "", t.running, false
	}
	t.running = &tokenFetch{done: make(chan struct{})}
	return "", t.running, true
}

// errUnfinished is what those who wait get of a fetch that panicked.
var errUnfinished = errors.New("the fetch of an access token did not finish")

// lead fetches for all who wait.
func (t *tokenCache) lead(ctx context.Context, run *tokenFetch, fetch func(context.Context) (grant, error)) {
	run.err = errUnfinished
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.running = nil
		close(run.done)
	}()
	got, err := fetch(ctx)
	run.value, run.err = got.value, err
	if err == nil {
		t.keep(got)
	}
}

// keep keeps a token until it may no longer live through the request it is for.
func (t *tokenCache) keep(got grant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	margin := min(time.Minute, got.life/10)
	t.value, t.end = got.value, time.Now().Add(got.life-margin)
}

// drop forgets a token that Snyk does not take, unless another one has replaced
// it already.
func (t *tokenCache) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value == value {
		t.value = ""
	}
}
