package snyk

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	us      = snykstreamv1.Region_REGION_SNYK_US_01
	orgID   = "4a72d1db-b465-4764-99e1-ecedad03b06a"
	groupID = "8d0a5c3f-5d2b-4c5e-9a44-0b6d5c1f2e11"
	// token has the form of a legacy API token.
	token = "0f6a3c1e-9f61-4d0c-8f3b-1f2d3c4b5a69"
	empty = `{"jsonapi":{"version":"1.0"},"data":{"type":"audit_log_search","items":[]}}`
)

var (
	epoch = time.Date(2025, 3, 12, 11, 30, 0, 0, time.UTC)
	hour  = audit.Search{Feed: audit.Feed{Scope: audit.ScopeOrg, ID: orgID}, From: epoch.Add(-time.Hour), To: epoch}
	key   = audit.Credential{Token: audit.NewSecret(token)}
	oauth = audit.Credential{ClientID: "client-1", ClientSecret: audit.NewSecret("s3cret/of+client")}
)

// inMemory answers requests in the caller's goroutine, without a network, so that
// it is right for a testing/synctest bubble.
type inMemory struct{ http.Handler }

func (t inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	rec := httptest.NewRecorder()
	t.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// newClients asks a handler in memory for every region.
func newClients(t *testing.T, h http.HandlerFunc, change ...func(*Config)) *Clients {
	t.Helper()
	cfg := Config{Transport: inMemory{h}}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answering answers every request alike.
func answering(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// troubleOf is the error as a trouble with Snyk; the test fails where it is none.
func troubleOf(t *testing.T, err error) *audit.SnykError {
	t.Helper()
	var trouble *audit.SnykError
	if !errors.As(err, &trouble) {
		t.Fatalf("got %v, want an *audit.SnykError", err)
	}
	if strings.ContainsAny(trouble.Detail, "\r\n\x00") || len([]rune(trouble.Detail)) > 2*maxDetail {
		t.Errorf("detail is no bounded printable line: %q", trouble.Detail)
	}
	return trouble
}

// wantClass fails the test where err is not a trouble of the class.
func wantClass(t *testing.T, err error, want audit.SnykClass) *audit.SnykError {
	t.Helper()
	trouble := troubleOf(t, err)
	if trouble.Class != want {
		t.Fatalf("class = %d (%v), want %d", trouble.Class, trouble, want)
	}
	return trouble
}

func search(t *testing.T, c *Client) (audit.Answer, error) {
	t.Helper()
	return c.Search(context.Background(), hour)
}
