package snyk

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestFollow(t *testing.T) {
	const place = "/rest/orgs/" + orgID + "/audit_logs/search"
	tests := []struct{ name, link, want string }{
		{"relative with /rest", "/rest/orgs/1/audit_logs/search?cursor=a", "/rest/orgs/1/audit_logs/search?cursor=a"},
		{"relative without it", "/orgs/1/audit_logs/search?cursor=a", "/rest/orgs/1/audit_logs/search?cursor=a"},
		{"a group's", "/groups/1/audit_logs/search?cursor=a", "/rest/groups/1/audit_logs/search?cursor=a"},
		{"no leading slash", "orgs/1/audit_logs/search?cursor=a", "/rest/orgs/1/audit_logs/search?cursor=a"},
		{"no leading slash with rest", "rest/orgs/1?cursor=a", "/rest/orgs/1?cursor=a"},
		{"query alone", "?cursor=a", place + "?cursor=a"},
		{"absolute", "https://api.snyk.io/rest/orgs/1?cursor=a", "/rest/orgs/1?cursor=a"},
		{"absolute without /rest", "https://api.snyk.io/orgs/1?cursor=a", "/rest/orgs/1?cursor=a"},
		{"absolute with the port", "https://api.snyk.io:443/rest/orgs/1?cursor=a", "/rest/orgs/1?cursor=a"},
		{"absolute in capitals", "HTTPS://API.SNYK.IO/rest/orgs/1?cursor=a", "/rest/orgs/1?cursor=a"},
		{"no scheme, the same host", "//api.snyk.io/rest/orgs/1?cursor=a", "/rest/orgs/1?cursor=a"},
		{
			"the query is not written anew", "/rest/orgs/1?to=x&cursor=a%2fb+c==&from=2025-03-12T11:30:00.000Z&e=a,b&cursor=2&empty&x=%zz;",
			"/rest/orgs/1?to=x&cursor=a%2fb+c==&from=2025-03-12T11:30:00.000Z&e=a,b&cursor=2&empty&x=%zz;",
		},
		{"nor the path", "/rest/orgs/a%2Fb/x%20y/../z?cursor=a", "/rest/orgs/a%2Fb/x%20y/../z?cursor=a"},
		{"nor one without /rest", "/orgs/a%2Fb?cursor=a", "/rest/orgs/a%2Fb?cursor=a"},
		{"a fragment stays here", "/rest/orgs/1?cursor=a#b", "/rest/orgs/1?cursor=a"},
		{"a URL in the query", "/rest/orgs/1?cursor=https://evil.example/", "/rest/orgs/1?cursor=https://evil.example/"},
		{"three slashes are a path", "///evil.example/x?cursor=a", "/rest///evil.example/x?cursor=a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got *http.Request
			clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				answering(200, empty)(w, r)
			})
			if _, err := clients.For(us, key).Follow(t.Context(), hour, tt.link); err != nil {
				t.Fatal(err)
			}
			if got.RequestURI != tt.want || got.URL.Scheme != "https" || got.URL.Host != "api.snyk.io" || got.Host != "api.snyk.io" {
				t.Errorf("asked %s %s (host %s) for\n%s, want\n%s", got.URL.Scheme, got.URL.Host, got.Host, got.RequestURI, tt.want)
			}
		})
	}
}

func TestFollowRefuses(t *testing.T) {
	tests := []struct {
		name, link string
		want       audit.SnykClass
	}{
		{"another host", "https://evil.example/rest/orgs/1?cursor=a", audit.SnykForeignLink},
		{"another scheme", "http://api.snyk.io/rest/orgs/1?cursor=a", audit.SnykForeignLink},
		{"another port", "https://api.snyk.io:8443/rest/orgs/1?cursor=a", audit.SnykForeignLink},
		{"another region", "https://api.eu.snyk.io/rest/orgs/1?cursor=a", audit.SnykForeignLink},
		{"no scheme", "//evil.example/rest/orgs/1?cursor=a", audit.SnykForeignLink},
		{"a host that begins alike", "https://api.snyk.io.evil.example/rest/x", audit.SnykForeignLink},
		{"a host with a dot more", "https://api.snyk.io./rest/x", audit.SnykForeignLink},
		{"a user that looks like the host", "https://api.snyk.io@evil.example/rest/x", audit.SnykForeignLink},
		{"a user before the host", "https://evil.example@api.snyk.io/rest/x", audit.SnykForeignLink},
		{"a user and a password", "https://a:b@api.snyk.io/rest/x", audit.SnykForeignLink},
		{"backslashes", `\\evil.example\rest\x`, audit.SnykForeignLink},
		{"a slash and a backslash", `/\evil.example/rest/x`, audit.SnykForeignLink},
		{"a backslash before the user's end", `https://evil.example\@api.snyk.io/rest/x`, audit.SnykForeignLink},
		{"a scheme without a host", "https:/rest/orgs/1", audit.SnykForeignLink},
		{"a scheme and a path", "https:///rest/orgs/1", audit.SnykForeignLink},
		{"opaque", "https:evil.example/rest/x", audit.SnykForeignLink},
		{"another kind of address", "javascript:alert(1)", audit.SnykForeignLink},
		{"a file", "file:///rest/orgs/x", audit.SnykForeignLink},
		{"an escaped host", "https://api.snyk.io%2eevil.example/rest/x", audit.SnykForeignLink},
		{"a host in brackets", "https://[::1/rest/x", audit.SnykForeignLink},
		{"line ends", "/rest/orgs/1?cursor=a\r\nX-Evil: 1", audit.SnykBadAnswer},
		{"a space", "/rest/orgs/1?cursor=a b", audit.SnykBadAnswer},
		{"a bad escape", "/rest/orgs/%zz?cursor=a", audit.SnykBadAnswer},
		{"an object", `{"url":"/rest/orgs/1"}`, audit.SnykBadAnswer},
		{"a number", "7", audit.SnykBadAnswer},
		{"nothing", "", audit.SnykBadAnswer},
		{"the host alone", "https://api.snyk.io", audit.SnykBadAnswer},
		{"too long", "/rest/orgs/1?cursor=" + strings.Repeat("a", maxLink), audit.SnykBadAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clients := newClients(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
			_, err := clients.For(us, key).Follow(t.Context(), hour, tt.link)
			wantClass(t, err, tt.want)
		})
	}
}

func TestFollowNamesTheOtherOrigin(t *testing.T) {
	clients := newClients(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	_, err := clients.For(us, key).Follow(t.Context(), hour, "https://"+token+".evil.example/rest/x")
	trouble := wantClass(t, err, audit.SnykForeignLink)
	if want := "leads to another origin, https://[redacted].evil.example, and was not followed"; !strings.Contains(trouble.Detail, want) {
		t.Errorf("detail = %q, want %q in it", trouble.Detail, want)
	}
}

// FuzzFollow holds that no link leaves the origin, and that what is sent is the
// link's own path and query.
func FuzzFollow(f *testing.F) {
	for _, seed := range []string{
		"/rest/orgs/1?cursor=a", "orgs/1", "?cursor=a", "//evil.example", "https://api.snyk.io@evil.example/",
		`/\evil.example`, "https:x", "///x", "/rest/%2f/..?a#b", "https://API.snyk.io:443/orgs/%2F?x",
	} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "api.snyk.io"}
	f.Fuzz(func(t *testing.T, link string) {
		to, bad := follow(base, "/rest/orgs/1/audit_logs/search", link)
		if bad != nil {
			if to != nil || (bad.class != audit.SnykForeignLink && bad.class != audit.SnykBadAnswer) {
				t.Fatalf("refused as class %d, and yet %v", bad.class, to)
			}
			return
		}
		if to.Scheme != base.Scheme || to.Host != base.Host || to.User != nil || to.Opaque != "" {
			t.Fatalf("%q leads to %s", link, to)
		}
		uri := to.RequestURI()
		if !strings.HasPrefix(uri, "/rest/") || strings.ContainsAny(uri, " \r\n\t") {
			t.Fatalf("%q asks for %q", link, uri)
		}
		if _, query, ok := strings.Cut(link, "?"); ok {
			query, _, _ = strings.Cut(query, "#")
			if place, _, _ := strings.Cut(link, "#"); strings.Contains(place, "?") && to.RawQuery != query {
				t.Fatalf("%q has the query %q, want %q", link, to.RawQuery, query)
			}
		}
	})
}
