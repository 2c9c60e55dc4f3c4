package snyk

import (
	"sync"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Bounds of the table of sessions.
const (
	// sessionIdle is how long a session without a request is kept at least. It
	// exceeds every silence and Snyk's windows, so that a session made anew knows no
	// less of the pace than the one dropped.
	sessionIdle = 61 * time.Minute
	// sessionSweep is how often idle ones are looked for.
	sessionSweep = time.Minute
	// maxSessions bounds the table where credentials come faster than they idle.
	maxSessions = 1 << 16
)

// sessionKey names what shares a session.
type sessionKey struct {
	region     snykstreamv1.Region
	credential string
}

// session is what all clients of one credential share.
type session struct {
	pace  *pacer
	oauth tokenCache

	// Guarded by sessions.mu.
	inUse    int
	lastUsed time.Time
}

// sessions holds the sessions in use, or used a short while ago. Clients hold
// none between requests: they ask for it by key each time, so that dropping one
// never leaves two sessions of one credential.
type sessions struct {
	newPacer func() *pacer

	mu        sync.Mutex // guards what follows
	byKey     map[sessionKey]*session
	lastSweep time.Time
}

func newSessions(newPacer func() *pacer) *sessions {
	return &sessions{newPacer: newPacer, byKey: make(map[sessionKey]*session)}
}

// enter returns the session of a key, made if it is new. It is not dropped
// before leave is called.
func (t *sessions) enter(key sessionKey) (s *session, leave func()) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.byKey[key]
	if !ok {
		t.makeRoom(now)
		s = &session{pace: t.newPacer()}
		t.byKey[key] = s
	}
	s.inUse++
	s.lastUsed = now
	return s, func() { t.leave(s) }
}

func (t *sessions) leave(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.inUse--
	s.lastUsed = time.Now()
}

// makeRoom drops the sessions that are idle, and where the table is full all the
// same, the one idle longest.
func (t *sessions) makeRoom(now time.Time) {
	if full := len(t.byKey) >= maxSessions; !full && now.Sub(t.lastSweep) < sessionSweep {
		return
	}
	t.lastSweep = now
	var oldest sessionKey
	var found *session
	for key, s := range t.byKey {
		switch {
		case s.inUse > 0:
		case now.Sub(s.lastUsed) >= max(sessionIdle, s.pace.remembered()):
			delete(t.byKey, key)
		case found == nil || s.lastUsed.Before(found.lastUsed):
			oldest, found = key, s
		}
	}
	if len(t.byKey) >= maxSessions && found != nil {
		delete(t.byKey, oldest)
	}
}
