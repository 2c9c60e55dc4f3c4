package snyksim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"syscall"
)

// Transport is a client's transport that hands each request to the simulator in
// the caller's goroutine: no network, no other goroutine, right for a
// testing/synctest bubble. Whatever the host, the simulator answers, but for
// Config.ForeignHosts. A broken connection is an error as a network would give
// it: ECONNRESET before the answer, io.ErrUnexpectedEOF inside a body.
func (s *Sim) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sim *Sim }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = req.URL.RequestURI()
	w := &memoryWriter{header: make(http.Header)}
	broken := false
	if slices.Contains(t.sim.cfg.ForeignHosts, in.URL.Host) {
		t.sim.serveForeign(w, in)
	} else {
		broken = serveInto(t.sim, w, in)
	}
	if err := req.Context().Err(); err != nil && broken {
		return nil, err
	}
	if w.status == 0 {
		return nil, fmt.Errorf("snyksim transport: read: %w", syscall.ECONNRESET)
	}
	return w.response(req, broken), nil
}

// serveInto runs the handler and says whether it broke the connection.
func serveInto(h http.Handler, w http.ResponseWriter, r *http.Request) (broken bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		broken = true
	}()
	h.ServeHTTP(w, r)
	return false
}

// memoryWriter keeps an answer in memory.
type memoryWriter struct {
	header http.Header
	sent   http.Header
	status int
	body   bytes.Buffer
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *memoryWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *memoryWriter) response(req *http.Request, broken bool) *http.Response {
	header := w.sent
	for name, values := range header {
		if len(values) == 0 {
			delete(header, name)
		}
	}
	length := int64(-1)
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	var body io.Reader = &w.body
	if broken {
		body = io.MultiReader(body, failingReader{io.ErrUnexpectedEOF})
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(body), ContentLength: length, Request: req,
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
