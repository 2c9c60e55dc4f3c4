package snyksim

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// exchange is one request on its way to an answer.
type exchange struct {
	sim        *Sim
	request    *http.Request
	query      url.Values
	kind       Kind
	scopeID    string // the group or organization in the path
	now        time.Time
	scheme     string // of the Authorization header, in lower case
	secret     string
	credential string // fingerprint of secret, for the log
	limitKey   string // what limits go by
	requestID  string
	logged     *Request
	armed      []*armedFault
	pageCap    int // at most so many items in a page; -1: no cap
	page       *page
	reply      *reply
}

func (s *Sim) newExchange(r *http.Request) *exchange {
	kind, scopeID := classify(r.URL.Path)
	return s.newExchangeOf(r, kind, scopeID)
}

// newExchangeOf notes the request in the log.
func (s *Sim) newExchangeOf(r *http.Request, kind Kind, scopeID string) *exchange {
	x := &exchange{
		sim: s, request: r, query: r.URL.Query(), kind: kind, scopeID: scopeID, now: s.Now(), pageCap: -1,
	}
	if scheme, secret, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		x.scheme, x.secret = strings.ToLower(scheme), strings.TrimSpace(secret)
		x.credential = Fingerprint(x.secret)
		x.limitKey = s.limitKey(x)
	}
	s.requests.add(x)
	return x
}

// limitKey is the key of the limits: the credential, or the client behind an
// access token, so that a new access token does not begin a new limit.
func (s *Sim) limitKey(x *exchange) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if access, ok := s.tokens.access[x.secret]; ok {
		return access.clientID
	}
	return x.credential
}

// origin is the scheme and host that the request came to.
func (x *exchange) origin() string {
	scheme := "http"
	if x.request.TLS != nil || x.request.URL.Scheme == "https" {
		scheme = "https"
	}
	return scheme + "://" + x.request.Host
}

// run applies the armed faults of one stage.
func (x *exchange) run(at stage) {
	for _, f := range x.armed {
		for _, p := range f.effect.parts {
			if p.at != at || (p.applies != nil && !p.applies(x)) || !f.claim(x) {
				continue
			}
			p.apply(x)
		}
	}
}

// dispatch makes the true answer.
func (s *Sim) dispatch(x *exchange) *reply {
	if rep := s.serve(x); rep != nil {
		return rep
	}
	x.page.form, x.page.audit = LinkRelative, x.kind.isAudit()
	x.run(stagePage)
	return newReplyBytes(http.StatusOK, typeJSONAPI, x.page.render())
}
