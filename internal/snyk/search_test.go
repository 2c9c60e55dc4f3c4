package snyk

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestSearchAsksExactly(t *testing.T) {
	group := audit.Feed{Scope: audit.ScopeGroup, ID: groupID}
	tests := []struct {
		name   string
		region snykstreamv1.Region
		search audit.Search
		url    string
	}{
		{
			"organization", us, hour,
			"https://api.snyk.io/rest/orgs/" + orgID + "/audit_logs/search?" +
				"from=2025-03-12T10%3A30%3A00.000Z&size=100&sort_order=ASC&to=2025-03-12T11%3A30%3A00.000Z&version=2024-10-15",
		},
		{
			"group, another region", snykstreamv1.Region_REGION_SNYK_EU_01,
			audit.Search{Feed: group, From: epoch.Add(-time.Hour), To: epoch},
			"https://api.eu.snyk.io/rest/groups/" + groupID + "/audit_logs/search?" +
				"from=2025-03-12T10%3A30%3A00.000Z&size=100&sort_order=ASC&to=2025-03-12T11%3A30%3A00.000Z&version=2024-10-15",
		},
		{
			"api.access, no region", snykstreamv1.Region_REGION_UNSPECIFIED,
			audit.Search{Feed: hour.Feed, From: hour.From, To: hour.To, Lane: audit.LaneAPIAccess},
			"https://api.snyk.io/rest/orgs/" + orgID + "/audit_logs/search?events=api.access&" +
				"from=2025-03-12T10%3A30%3A00.000Z&size=100&sort_order=ASC&to=2025-03-12T11%3A30%3A00.000Z&version=2024-10-15",
		},
		{
			"an id is one segment of the path", us,
			audit.Search{Feed: audit.Feed{Scope: audit.ScopeOrg, ID: "a/b?c"}, From: hour.From, To: hour.To},
			"https://api.snyk.io/rest/orgs/a%2Fb%3Fc/audit_logs/search?" +
				"from=2025-03-12T10%3A30%3A00.000Z&size=100&sort_order=ASC&to=2025-03-12T11%3A30%3A00.000Z&version=2024-10-15",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got *http.Request
			clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				answering(200, empty)(w, r)
			})
			if _, err := clients.For(tt.region, key).Search(t.Context(), tt.search); err != nil {
				t.Fatal(err)
			}
			if got.URL.String() != tt.url {
				t.Errorf("asked\n%s, want\n%s", got.URL, tt.url)
			}
			want := http.Header{
				"Accept":        {"application/vnd.api+json"},
				"Authorization": {"token " + token},
				"User-Agent":    {defaultUserAgent},
			}
			if diff := cmp.Diff(want, got.Header); diff != "" || got.Method != http.MethodGet {
				t.Errorf("%s, headers (-want +got):\n%s", got.Method, diff)
			}
		})
	}
}

func TestSearchRefusesAnEmptyWindow(t *testing.T) {
	clients := newClients(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	for name, q := range map[string]audit.Search{
		"no times":  {Feed: hour.Feed},
		"no length": {Feed: hour.Feed, From: epoch, To: epoch},
		"backwards": {Feed: hour.Feed, From: epoch, To: epoch.Add(-time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := clients.For(us, key).Search(t.Context(), q)
			wantClass(t, err, audit.SnykBadRequest)
		})
	}
}

func TestUnknownRegion(t *testing.T) {
	clients := newClients(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	client := clients.For(snykstreamv1.Region(99), key)
	_, searched := search(t, client)
	_, followed := client.Follow(t.Context(), hour, "/rest/orgs/x")
	_, looked := client.Organization(t.Context(), orgID)
	for _, err := range []error{searched, followed, looked} {
		wantClass(t, err, audit.SnykBadRequest)
	}
}

func TestTimestamp(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for want, at := range map[string]time.Time{
		"2025-03-12T11:30:00.000Z":       epoch,
		"2025-03-12T11:30:00.007Z":       epoch.Add(7 * time.Millisecond),
		"2025-03-12T11:30:00.000000001Z": epoch.Add(1),
		"2025-03-12T11:30:00.123400000Z": epoch.Add(123400 * time.Microsecond),
		"2025-03-12T10:30:00.000Z":       time.Date(2025, 3, 12, 11, 30, 0, 0, berlin),
	} {
		if got := timestamp(at); got != want {
			t.Errorf("timestamp(%v) = %s, want %s", at, got, want)
		}
	}
}

func TestSearchAnswer(t *testing.T) {
	clients := newClients(t, answering(200,
		`{"data":{"type":"audit_log_search","items":[{"event":"a"}]},"links":{"next":"/rest/orgs/1/audit_logs/search?cursor=x"}}`,
		"Date", "Wed, 12 Mar 2025 11:29:58 GMT", "snyk-request-id", "req-1"))
	got, err := search(t, clients.For(us, key))
	if err != nil {
		t.Fatal(err)
	}
	want := audit.Answer{
		Items: [][]byte{[]byte(`{"event":"a"}`)}, Next: "/rest/orgs/1/audit_logs/search?cursor=x",
		ServerTime: epoch.Add(-2 * time.Second), RequestID: "req-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// TestNetwork asks a server over a real connection, by the transport of production.
func TestNetwork(t *testing.T) {
	srv := httptest.NewServer(answering(200, empty))
	defer srv.Close()
	clients, err := New(Config{Endpoints: map[snykstreamv1.Region]string{us: srv.URL + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	defer clients.Close()
	if _, err := search(t, clients.For(us, key)); err != nil {
		t.Fatal(err)
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clients := newClients(t, func(http.ResponseWriter, *http.Request) { cancel() }, func(c *Config) {
		c.Transport = canceling{cancel}
	})
	_, err := clients.For(us, key).Search(ctx, hour)
	if err != context.Canceled { //nolint:errorlint // the error itself is promised
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err = clients.For(us, key).Search(ctx, hour); err != context.Canceled { //nolint:errorlint // as above
		t.Errorf("after its end: got %v, want %v", err, context.Canceled)
	}
}

// canceling ends its caller's context in the middle of a request.
type canceling struct{ cancel context.CancelFunc }

func (c canceling) RoundTrip(r *http.Request) (*http.Response, error) {
	c.cancel()
	<-r.Context().Done()
	return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: r.Context().Err()}
}
