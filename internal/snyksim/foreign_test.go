package snyksim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestForeignHostOverTheNetwork: who goes there with a token is seen.
func TestForeignHostOverTheNetwork(t *testing.T) {
	f := newFixture(t, Config{})
	own := f.serve().Listener.Addr().String()
	foreign := httptest.NewServer(f.Foreign())
	t.Cleanup(foreign.Close)
	host := foreign.Listener.Addr().String()
	f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 5)...)
	for name, origin := range ForeignOrigins(own, host) {
		if !strings.Contains(origin, host) {
			t.Errorf("%s, %q, does not lead elsewhere", name, origin)
		}
		link := f.Inject(Fault{Times: 1, Effect: ForeignLink(origin)})
		if next := f.search("size", "2").next(t); !strings.HasPrefix(next, origin+"/rest/orgs/") {
			t.Errorf("%s: link %q", name, next)
		}
		link.Remove()
		redirect := f.Inject(Fault{Times: 1, Effect: Redirect(origin)})
		// Not through the client, which reads the location.
		req := httptest.NewRequest(http.MethodGet, "http://"+own+f.searchPath(), nil)
		req.Header.Set("Authorization", "token "+f.tok.Value)
		res, err := f.http.Transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusFound || !strings.HasPrefix(to, strings.TrimSpace(origin)+"/rest/orgs/") {
			t.Errorf("%s: status %d, location %q", name, res.StatusCode, to)
		}
		_ = res.Body.Close()
		redirect.Remove()
	}
	if n := f.Count(KindForeign); n != 0 {
		t.Errorf("%d foreign requests before there was one", n)
	}
	g := f.get("http://" + host + "/rest/self")
	seen := f.Requests()
	if last := seen[len(seen)-1]; g.status != http.StatusTeapot || last.Kind != KindForeign || last.Token != Fingerprint(f.tok.Value) {
		t.Errorf("status %d, seen %+v", g.status, last)
	}
}
