package snyk

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// stranger is a server that nobody should come to.
type stranger struct {
	*httptest.Server

	mu   sync.Mutex // guards seen
	seen []string
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, body))
		_, _ = w.Write([]byte(`{"access_token":"stolen","data":{"items":[1]}}`))
	}))
	t.Cleanup(func() {
		s.Close()
		if len(s.seen) > 0 {
			t.Errorf("requests went to another host:\n%s", strings.Join(s.seen, "\n"))
		}
	})
	return s
}

// TestNothingGoesToAnotherHost has a region that points elsewhere in every way it
// can, over real connections.
func TestNothingGoesToAnotherHost(t *testing.T) {
	elsewhere := newStranger(t)
	away := strings.TrimPrefix(elsewhere.URL, "http:")
	location := ""
	status := 0
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Location", location)
		w.Header().Set("Refresh", "0; url="+elsewhere.URL)
		w.WriteHeader(status)
	}))
	defer region.Close()
	clients, err := New(Config{Endpoints: map[snykstreamv1.Region]string{us: region.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer clients.Close()
	host := strings.TrimPrefix(region.URL, "http://")
	for _, cred := range []audit.Credential{key, oauth} {
		for _, status = range []int{301, 302, 303, 307, 308} {
			for _, location = range []string{elsewhere.URL + "/rest/self", away + "/x", "http://" + host + "@" + away[2:] + "/x"} {
				t.Run(fmt.Sprint(cred.ClientID, " ", status, " ", location), func(t *testing.T) {
					_, err := search(t, clients.For(us, cred))
					trouble := wantClass(t, err, audit.SnykForeignLink)
					if trouble.HTTPStatus != status {
						t.Errorf("status %d, want %d", trouble.HTTPStatus, status)
					}
				})
			}
		}
	}
	for _, link := range []string{elsewhere.URL + "/rest/x?cursor=a", away + "/rest/x?cursor=a"} {
		_, err := clients.For(us, key).Follow(t.Context(), hour, link)
		wantClass(t, err, audit.SnykForeignLink)
	}
}

func TestRedirectOnTheOriginIsNotFollowed(t *testing.T) {
	for location, want := range map[string]audit.SnykClass{
		"/rest/other?cursor=secret":      audit.SnykBadAnswer,
		"https://api.snyk.io/rest/other": audit.SnykBadAnswer,
		"":                               audit.SnykBadAnswer,
		"http://api.snyk.io/rest/other":  audit.SnykForeignLink,
		"https://login.example/" + token + "?a=1": audit.SnykForeignLink,
	} {
		t.Run(location, func(t *testing.T) {
			asked := 0
			clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				answering(302, "", "Location", location)(w, r)
			})
			_, err := search(t, clients.For(us, key))
			trouble := wantClass(t, err, want)
			if asked != 1 {
				t.Errorf("%d requests, want 1", asked)
			}
			if strings.Contains(trouble.Detail, "secret") || strings.Contains(trouble.Detail, token) {
				t.Errorf("detail shows too much: %q", trouble.Detail)
			}
		})
	}
}

// TestSizeOfAnswers bounds what is read of an answer.
func TestSizeOfAnswers(t *testing.T) {
	pad := func(n int) string {
		return `{"data":{"type":"audit_log_search","items":[1]},"meta":"` + strings.Repeat("x", n) + `"}`
	}
	t.Run("large", func(t *testing.T) {
		got, err := search(t, newClients(t, answering(200, pad(8<<20))).For(us, key))
		if err != nil || len(got.Items) != 1 {
			t.Fatalf("%d records, %v", len(got.Items), err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		// A lookup has the lower bound, and is read by the same code.
		clients := newClients(t, nil, func(c *Config) { c.Transport = endlessly(200, pad(0)[:40]) })
		_, err := clients.For(us, key).Organization(t.Context(), orgID)
		if trouble := wantClass(t, err, audit.SnykBadAnswer); !strings.Contains(trouble.Detail, "more than 1 MiB") {
			t.Errorf("detail = %q", trouble.Detail)
		}
	})
	t.Run("endless error", func(t *testing.T) {
		clients := newClients(t, nil, func(c *Config) { c.Transport = endlessly(503, "down ") })
		_, err := search(t, clients.For(us, key))
		wantClass(t, err, audit.SnykUnavailable)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// endlessly answers with a body that has no end.
func endlessly(status int, start string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		body := io.NopCloser(io.MultiReader(strings.NewReader(start), endless{}))
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: body, Request: r}, nil
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestCutAnswers breaks real connections in the middle.
func TestCutAnswers(t *testing.T) {
	body := `{"data":{"type":"audit_log_search","items":[{"a":1}]}}`
	for name, h := range map[string]http.HandlerFunc{
		"chunked": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(body[:20]))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"shorter than it says": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write([]byte(body[:20]))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"half a document": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body[:20])) },
		"no answer":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			clients, err := New(Config{Endpoints: map[snykstreamv1.Region]string{us: srv.URL}})
			if err != nil {
				t.Fatal(err)
			}
			defer clients.Close()
			_, err = search(t, clients.For(us, key))
			wantClass(t, err, audit.SnykUnavailable)
		})
	}
}
