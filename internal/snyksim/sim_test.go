package snyksim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// epoch is the simulator's time in tests: a Wednesday at work.
var epoch = time.Date(2025, 3, 12, 11, 30, 0, 0, time.UTC)

// clock is a clock that tests move by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

// fixture is a simulator with one organization and a credential that reads it.
type fixture struct {
	*Sim
	t     *testing.T
	clock *clock
	org   Org
	tok   Token
	http  *http.Client
}

func newFixture(t *testing.T, cfg Config) *fixture {
	t.Helper()
	c := &clock{epoch}
	if cfg.Now == nil {
		cfg.Now = c.now
	}
	sim, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	org := sim.AddOrg("Goof")
	tok := sim.AddToken(Token{Grants: []Grant{OrgAdmin(org.ID), GroupAdmin(org.GroupID)}})
	client := &http.Client{
		Transport:     sim.Transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &fixture{Sim: sim, t: t, clock: c, org: org, tok: tok, http: client}
}

// got is an answer, read whole.
type got struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

type document struct {
	Data struct {
		Type  string            `json:"type"`
		Items []json.RawMessage `json:"items"`
	} `json:"data"`
	Links  struct{ Next json.RawMessage } `json:"links"`
	Errors []struct {
		ID, Status, Code, Title, Detail string
		Source                          struct{ Parameter string }
	} `json:"errors"`
}

func (g got) document(t *testing.T) document {
	t.Helper()
	var d document
	if err := json.Unmarshal([]byte(g.body), &d); err != nil {
		t.Fatalf("body %.200q: %v", g.body, err)
	}
	return d
}

func (g got) items(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, i := range g.document(t).Data.Items {
		out = append(out, string(i))
	}
	return out
}

// next is links.next as a string, empty where there is none.
func (g got) next(t *testing.T) string {
	t.Helper()
	raw := g.document(t).Links.Next
	var s string
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatalf("links.next %s: %v", raw, err)
		}
	}
	return s
}

// get asks with the fixture's token; path may be absolute.
func (f *fixture) get(path string) got {
	f.t.Helper()
	return f.getAs("token "+f.tok.Value, path)
}

func (f *fixture) getAs(auth, path string) got {
	f.t.Helper()
	g, err := f.try(auth, path)
	if err != nil {
		f.t.Fatalf("GET %s: %v", path, err)
	}
	return g
}

func (f *fixture) try(auth, path string) (got, error) {
	f.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = "http://snyk.test" + path
	}
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	res, err := f.http.Do(req)
	if err != nil {
		return got{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return got{res.StatusCode, res.Header, string(body), err}, nil
}

// search asks for the organization's audit log; args are name, value, ...
func (f *fixture) search(args ...string) got {
	f.t.Helper()
	return f.get(f.searchPath(args...))
}

func (f *fixture) searchPath(args ...string) string {
	v := url.Values{"version": {"2024-10-15"}}
	for i := 0; i+1 < len(args); i += 2 {
		v.Add(args[i], args[i+1])
	}
	return "/rest/orgs/" + f.org.ID + "/audit_logs/search?" + v.Encode()
}

// readAll follows links.next to the end and returns the items and the pages.
func (f *fixture) readAll(args ...string) (items []string, pages int) {
	f.t.Helper()
	g := f.search(args...)
	for {
		if g.status != http.StatusOK || pages > 10_000 {
			f.t.Fatalf("page %d: status %d, body %.300s", pages, g.status, g.body)
		}
		pages++
		items = append(items, g.items(f.t)...)
		next := g.next(f.t)
		if next == "" {
			return items, pages
		}
		g = f.get(next)
	}
}

// numbered are n records a millisecond apart, from t on.
func numbered(t time.Time, n int) []Record {
	recs := make([]Record, n)
	for i := range recs {
		recs[i] = Record{
			Created: t.Add(time.Duration(i) * time.Millisecond), Event: "org.edit",
			Content: fmt.Sprintf(`{"n":%d}`, i),
		}
	}
	return recs
}

func stamp(t time.Time) string { return t.UTC().Format(milliLayout) }

func raws(list []Emitted) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Raw
	}
	return out
}

func TestNewRefusesNonsense(t *testing.T) {
	for name, cfg := range map[string]Config{
		"negative page size": {MaxPageSize: -1},
		"negative history":   {History: -1},
		"empty window":       {RateLimit: RateLimit{Windows: []Window{{0, time.Second}}}},
		"short window":       {RateLimit: RateLimit{Windows: []Window{{1, time.Millisecond}}}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestUnknownScopePanics(t *testing.T) {
	f := newFixture(t, Config{})
	defer func() {
		if recover() == nil {
			t.Error("Append to nowhere did not panic")
		}
	}()
	f.Append("nowhere", Record{Event: "org.edit"})
}
