package snyksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// serve puts the fixture behind a real server instead of Transport; paths that
// start with / then go to it.
func (f *fixture) serve() *httptest.Server {
	srv := httptest.NewServer(f.Sim)
	f.t.Cleanup(srv.Close)
	f.http = &http.Client{
		Transport:     &onTo{srv.Listener.Addr().String(), &http.Transport{DisableKeepAlives: true}},
		CheckRedirect: f.http.CheckRedirect,
	}
	return srv
}

// onTo sends snyk.test to the test server.
type onTo struct {
	addr string
	next http.RoundTripper
}

func (o *onTo) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "snyk.test" {
		r = r.Clone(r.Context())
		r.URL.Host, r.Host = o.addr, o.addr
	}
	return o.next.RoundTrip(r)
}

// overBoth runs a test over Transport and over a real connection.
func overBoth(t *testing.T, cfg Config, test func(*fixture)) {
	t.Helper()
	t.Run("transport", func(t *testing.T) { test(newFixture(t, cfg)) })
	t.Run("network", func(t *testing.T) {
		f := newFixture(t, cfg)
		f.serve()
		test(f)
	})
}

func TestErrorBodies(t *testing.T) {
	for name, c := range map[string]struct {
		form        Body
		contentType string
		has         string
	}{
		"json api":     {BodyJSONAPI, typeJSONAPI, `"code":"SNYK-0008"`},
		"minimal":      {BodyJSONAPIMinimal, typeJSONAPI, `"errors":[{"status":"503","detail":"Service unavailable"}]`},
		"html":         {BodyHTML, typeHTML, "<h1>503 Service Unavailable</h1>"},
		"empty object": {BodyEmptyObject, typeJSON, "{}"},
		"code message": {BodyCodeMessage, typeJSON, `{"code":503,"message":"Service unavailable"}`},
		"empty":        {BodyEmpty, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, Config{}, func(f *fixture) {
				f.Inject(Fault{Times: 1, Effect: Status(503, c.form)})
				g := f.search()
				if g.status != 503 || g.header.Get("Content-Type") != c.contentType || !strings.Contains(g.body, c.has) {
					t.Errorf("%d %v %q", g.status, g.header, g.body)
				}
				if g.header.Get("snyk-request-id") == "" {
					t.Error("no request id")
				}
				if f.search().status != 200 {
					t.Error("fired twice")
				}
			})
		})
	}
}

func TestBrokenConnections(t *testing.T) {
	for name, c := range map[string]struct {
		effect   Effect
		noAnswer bool
		counted  bool // the endpoint was reached
	}{
		"reset":       {Reset(), true, false},
		"lose answer": {LoseAnswer(), true, true},
		"cut body":    {CutBody(0.5), false, true},
		"cut at 0":    {CutBody(0), false, true},
		"short body":  {ShortBody(0.5), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, Config{}, func(f *fixture) {
				f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 500)...)
				f.Inject(Fault{Effect: c.effect})
				g, err := f.try("token "+f.tok.Value, f.searchPath())
				if c.noAnswer {
					if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
						t.Errorf("error %v, status %d", err, g.status)
					}
				} else if err != nil || g.status != 200 || !errors.Is(g.err, io.ErrUnexpectedEOF) {
					t.Errorf("error %v, status %d, reading: %v", err, g.status, g.err)
				}
				shown := !f.Emitted(f.org.ID)[499].ShownAt.IsZero()
				if shown != c.counted {
					t.Errorf("reached the endpoint: %t", shown)
				}
				if r := f.Requests(); len(r) != 1 || r[0].Status != 0 || len(r[0].Faults) != 1 {
					t.Errorf("log %+v", r)
				}
			})
		})
	}
}

func TestBodiesGoneWrong(t *testing.T) {
	overBoth(t, Config{}, func(f *fixture) {
		f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 3)...)
		truth := f.search().body
		for name, c := range map[string]struct {
			effect Effect
			good   func(got) bool
		}{
			"truncated":    {TruncateBody(0.5), func(g got) bool { return g.body == truth[:len(truth)/2] && g.err == nil }},
			"replaced":     {ReplaceBody("<html>"), func(g got) bool { return g.body == "<html>" }},
			"content type": {ContentType("text/plain"), func(g got) bool { return g.header.Get("Content-Type") == "text/plain" && g.body == truth }},
			"no type":      {ContentType(""), func(g got) bool { return g.header.Get("Content-Type") == "" && g.body == truth }},
			"huge":         {HugeBody(3 << 20), func(g got) bool { return len(g.body) > 3<<20 && len(g.items(t)) == 3 }},
			"deep":         {DeepBody(20_000), func(g got) bool { return !json.Valid([]byte(g.body)) && strings.Contains(g.body, "[[[[") }},
			"utf-8":        {CorruptUTF8(), func(g got) bool { return !utf8.ValidString(g.body) && len(g.body) == len(truth)+1 }},
			"date":         {DateSkew(-time.Hour), func(g got) bool { return g.header.Get("Date") == "Wed, 12 Mar 2025 10:30:00 GMT" }},
			"header":       {Header("Sunset", "soon"), func(g got) bool { return g.header.Get("sunset") == "soon" }},
			"no header":    {Header("snyk-request-id", ""), func(g got) bool { return g.header.Get("snyk-request-id") == "" }},
		} {
			in := f.Inject(Fault{Name: name, Times: 1, Effect: c.effect})
			if g := f.search(); !c.good(g) {
				t.Errorf("%s: %d %v %.100q (%d bytes)", name, g.status, g.header, g.body, len(g.body))
			}
			if in.Fired() != 1 || f.FaultsFired()[name] != 1 {
				t.Errorf("%s: fired %d", name, in.Fired())
			}
			in.Remove()
		}
	})
}

func TestMatching(t *testing.T) {
	statuses := func(f *fixture, n int) []int {
		var out []int
		for range n {
			out = append(out, f.search().status)
		}
		return out
	}
	for name, c := range map[string]struct {
		fault Fault
		want  []int
	}{
		"always":      {Fault{}, []int{500, 500, 500, 500, 500}},
		"once":        {Fault{Times: 1}, []int{500, 200, 200, 200, 200}},
		"the third":   {Fault{Match: Match{Nth: 3}, Times: 1}, []int{200, 200, 500, 200, 200}},
		"every other": {Fault{Match: Match{Nth: 2, Every: 2}}, []int{200, 500, 200, 500, 200}},
		"other kind":  {Fault{Match: Match{Kinds: []Kind{KindSelf}}}, []int{200, 200, 200, 200, 200}},
		"its kind":    {Fault{Match: Match{Kinds: []Kind{KindSelf, KindOrgAudit}}}, []int{500, 500, 500, 500, 500}},
		"condition":   {Fault{Match: Match{When: HasCursor}}, []int{200, 200, 200, 200, 200}},
		"no cursor":   {Fault{Match: Match{When: NoCursor}, Times: 2}, []int{500, 500, 200, 200, 200}},
	} {
		f := newFixture(t, Config{})
		c.fault.Effect = Status(500, BodyEmpty)
		f.Inject(c.fault)
		if have := statuses(f, 5); !slices.Equal(have, c.want) {
			t.Errorf("%s: %v, want %v", name, have, c.want)
		}
	}
	throws := func(seed uint64) []int {
		f := newFixture(t, Config{Seed: seed})
		f.Inject(Fault{Match: Match{Probability: 0.5}, Effect: Status(500, BodyEmpty)})
		return statuses(f, 40)
	}
	a := throws(1)
	if !slices.Equal(a, throws(1)) || slices.Equal(a, throws(2)) || !slices.Contains(a, 200) || !slices.Contains(a, 500) {
		t.Error("the dice do not follow the seed")
	}
}

func TestForAWhile(t *testing.T) {
	f := newFixture(t, Config{})
	in := f.Inject(Fault{Match: Match{Nth: 2}, For: time.Minute, Effect: Status(401, BodyCodeMessage)})
	var have []int
	for range 5 {
		have = append(have, f.search().status)
		f.clock.advance(25 * time.Second)
	}
	if want := []int{200, 401, 401, 401, 200}; !slices.Equal(have, want) || in.Fired() != 3 {
		t.Errorf("%v, fired %d", have, in.Fired())
	}
	f.Inject(Fault{Effect: Status(410, BodyEmptyObject)})
	if s := f.search().status; s != 410 {
		t.Errorf("status %d", s)
	}
	f.ClearFaults()
	if s := f.search().status; s != 200 {
		t.Errorf("after ClearFaults: %d", s)
	}
}

func TestTogetherCountsOnce(t *testing.T) {
	f := newFixture(t, Config{})
	f.Inject(Fault{Effect: Together("proxy", Status(502, BodyHTML), Header("Retry-After", "7"), DateSkew(time.Hour))})
	g := f.search()
	if g.status != 502 || g.header.Get("Retry-After") != "7" || g.header.Get("Date") != "Wed, 12 Mar 2025 12:30:00 GMT" {
		t.Errorf("%d %v", g.status, g.header)
	}
	if fired := f.FaultsFired(); len(fired) != 1 || fired["proxy"] != 1 {
		t.Errorf("fired %v", fired)
	}
}

func TestRequestLog(t *testing.T) {
	var hooked []Kind
	f := newFixture(t, Config{RequestLogSize: 3, OnRequest: func(r Request) { hooked = append(hooked, r.Kind) }})
	f.Append(f.org.ID, numbered(epoch.Add(-time.Minute), 2)...)
	f.get("/rest/self?version=2024-04-22")
	f.getAs("", f.searchPath())
	f.search("size", "1")
	f.search("size", "2")
	log := f.Requests()
	if len(log) != 3 || log[0].Status != 401 || log[0].Scheme != "" || log[2].Query.Get("size") != "2" || log[2].Items != 2 {
		t.Fatalf("log %+v", log)
	}
	if log[2].Token != Fingerprint(f.tok.Value) || log[2].Token == "" || log[2].ScopeID != f.org.ID {
		t.Errorf("entry %+v", log[2])
	}
	if f.Count(KindOrgAudit) != 3 || f.Count(KindSelf) != 1 || len(hooked) != 4 {
		t.Errorf("counts %v, hooked %v", f.Counts(), hooked)
	}
	f.ResetRequests()
	f.OnRequest(nil)
	f.search()
	if len(f.Requests()) != 1 || len(hooked) != 4 || f.Count(KindOrgAudit) != 1 {
		t.Error("after the reset")
	}
}
