package snyksim

import (
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// cutMode says how an answer's connection ends.
type cutMode int

const (
	whole      cutMode = iota
	cutChunked         // no Content-Length; the connection ends in mid-body
	cutLength          // Content-Length says more than comes
	cutReset           // reset before any answer
	cutSilent          // closed before any answer
)

// reply is an answer, complete in memory so that faults can change it.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    cutMode
	keep   int // bytes of the body that still go out when it is cut
}

func newReply(status int, contentType, body string) *reply {
	return newReplyBytes(status, contentType, []byte(body))
}

func newReplyBytes(status int, contentType string, body []byte) *reply {
	rep := &reply{status: status, header: make(http.Header, 10), body: body}
	if contentType != "" {
		rep.header.Set("Content-Type", contentType)
	}
	return rep
}

// addHeaders sets what every answer of Snyk carries.
func (s *Sim) addHeaders(x *exchange) {
	h := x.reply.header
	h.Set("Date", x.now.Format(http.TimeFormat))
	// Snyk writes these two in lower case; HTTP does not care.
	h.Set("Snyk-Request-Id", x.requestID)
	if v := versionServed(x); v != "" {
		h.Set("Snyk-Version-Served", v)
		h.Set("Snyk-Version-Requested", x.query.Get("version"))
	}
	s.limiter.addHeaders(h, x.limitKey, x.now)
}

// versionServed is the version that a REST answer names.
func versionServed(x *exchange) string {
	if x.query.Get("version") == "" {
		return ""
	}
	switch x.kind {
	case KindOrgAudit, KindGroupAudit:
		return auditVersion
	case KindSelf:
		return "2024-04-22"
	case KindOrg, KindOrgs, KindGroupOrgs:
		return "2024-02-28"
	case KindGroup:
		return "2023-01-30~beta"
	case KindMemberships:
		return "2024-08-25"
	case KindServiceAccounts:
		return "2023-09-07"
	case KindProjects:
		return "2024-05-31"
	default:
		return ""
	}
}

// send writes the answer, or what a fault left of it. A connection is broken by
// panicking with http.ErrAbortHandler, which net/http and Transport understand.
func (rep *reply) send(w http.ResponseWriter) {
	switch rep.cut {
	case cutReset:
		reset(w)
		panic(http.ErrAbortHandler)
	case cutSilent:
		panic(http.ErrAbortHandler)
	case whole, cutChunked, cutLength:
	}
	h := w.Header()
	maps.Copy(h, rep.header)
	if rep.header.Get("Content-Type") == "" {
		h["Content-Type"] = nil // keeps net/http from guessing one
	}
	body := rep.body
	if rep.cut != whole {
		body = body[:min(max(rep.keep, 0), len(body))]
	}
	if rep.cut != cutChunked {
		h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(body) // the caller is gone: nobody to tell
	if rep.cut != whole {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// reset closes the connection so that the peer sees a reset, where there is one.
func reset(w http.ResponseWriter) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := hj.Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// seconds is a duration in whole seconds, rounded up, as the headers show it.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((max(d, 0) + time.Second - 1) / time.Second))
}
