package snyksim

import (
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Request is what the log keeps of a request: nothing of a credential but its
// fingerprint.
type Request struct {
	Time    time.Time
	Kind    Kind
	ScopeID string
	Method  string
	Host    string
	Path    string
	Query   url.Values
	// Scheme is the Authorization scheme in lower case; empty without the header.
	Scheme string
	// Token is the Fingerprint of the credential.
	Token string
	// RequestID is the snyk-request-id of the answer.
	RequestID string
	// Status of the answer; 0 while it is being made, and when the connection was broken.
	Status int
	// Items in the answer, where it was a page.
	Items int
	// Faults that fired for it, by name.
	Faults []string
}

// requestLog is a bounded list of requests.
type requestLog struct {
	limit int

	mu     sync.Mutex // guards everything below
	ids    *rand.Rand
	hook   func(Request)
	list   []*Request // a ring once it is full
	at     int        // the oldest, once the ring is full
	counts map[Kind]int
}

func newRequestLog(limit int, seed uint64, hook func(Request)) *requestLog {
	return &requestLog{limit: limit, ids: newRand(seed, streamRequestIDs), hook: hook, counts: make(map[Kind]int)}
}

// add notes a request and calls the hook without the lock.
func (l *requestLog) add(x *exchange) {
	r := x.request
	req := &Request{
		Time: x.now, Kind: x.kind, ScopeID: x.scopeID, Method: r.Method, Host: r.Host, Path: r.URL.Path,
		Query: x.query, Scheme: x.scheme, Token: x.credential,
	}
	l.mu.Lock()
	req.RequestID = newUUID(l.ids)
	x.requestID, x.logged = req.RequestID, req
	l.counts[req.Kind]++
	if len(l.list) < l.limit {
		l.list = append(l.list, req)
	} else {
		l.list[l.at] = req
		l.at = (l.at + 1) % l.limit
	}
	hook := l.hook
	seen := *req
	l.mu.Unlock()
	if hook != nil {
		hook(seen)
	}
}

// done notes how a request was answered.
func (l *requestLog) done(x *exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range x.armed {
		if f.fired {
			x.logged.Faults = append(x.logged.Faults, f.name)
		}
	}
	if x.reply.cut == whole {
		x.logged.Status = x.reply.status
	}
	if x.page != nil {
		x.logged.Items = len(x.page.items)
	}
}

// Requests are the requests seen, oldest first, as many as the log holds.
func (s *Sim) Requests() []Request {
	l := s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Request, 0, len(l.list))
	for i := range l.list {
		r := *l.list[(l.at+i)%len(l.list)]
		r.Query, r.Faults = maps.Clone(r.Query), slices.Clone(r.Faults)
		out = append(out, r)
	}
	return out
}

// Counts are the requests seen by kind since the start or ResetRequests.
func (s *Sim) Counts() map[Kind]int {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return maps.Clone(s.requests.counts)
}

// Count is the number of requests of one kind.
func (s *Sim) Count(k Kind) int { return s.Counts()[k] }

// ResetRequests empties the log and the counts.
func (s *Sim) ResetRequests() {
	l := s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list, l.at = nil, 0
	clear(l.counts)
}

// OnRequest replaces Config.OnRequest; nil takes it away.
func (s *Sim) OnRequest(hook func(Request)) {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.hook = hook
}
