package snyk

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	documented = `{"jsonapi":{"version":"1.0"},"errors":[{"id":"1","status":"%d","code":"SNYK-OPENAPI-0002","title":"Forbidden",` +
		`"detail":"User does not have the required permission","source":{"parameter":"org_id"},"meta":{"isErrorCatalogError":true},` +
		`"links":{"about":"https://docs.snyk.io/x"}}]}`
	proxyPage = "<html>\r\n<head><title>502 Bad\r\n Gateway &amp; so on</title></head>\r\n<body>\r\n<center></center></body></html>\r\n"
)

func TestClassOfStatus(t *testing.T) {
	for status, want := range map[int]audit.SnykClass{
		201: audit.SnykBadAnswer, 204: audit.SnykBadAnswer, 304: audit.SnykBadAnswer,
		400: audit.SnykBadRequest, 401: audit.SnykUnauthenticated, 402: audit.SnykBadRequest, 403: audit.SnykForbidden,
		404: audit.SnykNotFound, 405: audit.SnykBadRequest, 408: audit.SnykUnavailable, 409: audit.SnykBadRequest,
		410: audit.SnykGone, 422: audit.SnykBadRequest, 425: audit.SnykUnavailable, 429: audit.SnykRateLimited,
		500: audit.SnykUnavailable, 502: audit.SnykUnavailable, 503: audit.SnykUnavailable, 504: audit.SnykUnavailable,
		599: audit.SnykUnavailable,
	} {
		for form, body := range map[string]string{
			"documented": fmt.Sprintf(documented, status), "html": proxyPage, "empty object": "{}", "empty": "",
			// The log itself, with a status that says it is not.
			"audit log": empty,
		} {
			t.Run(fmt.Sprint(status, " ", form), func(t *testing.T) {
				answer, err := search(t, newClients(t, answering(status, body, "snyk-request-id", "req-1")).For(us, key))
				trouble := wantClass(t, err, want)
				if trouble.HTTPStatus != status || trouble.RequestID != "req-1" || trouble.Detail == "" || answer.Items != nil {
					t.Errorf("%+v, answer %+v", trouble, answer)
				}
				if retry := trouble.RetryAfter; (retry != 0) != (want == audit.SnykRateLimited) {
					t.Errorf("retry after %v", retry)
				}
			})
		}
	}
}

func TestWordsOfErrors(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"documented", fmt.Sprintf(documented, 403), "Forbidden: User does not have the required permission (SNYK-OPENAPI-0002, parameter org_id)"},
		{"only status and detail", `{"errors":[{"status":"403","detail":"no"}]}`, "no"},
		{"title alone", `{"errors":[{"title":"Forbidden"}]}`, "Forbidden"},
		{"title said again", `{"errors":[{"title":"Forbidden","detail":"Forbidden: no seat"}]}`, "Forbidden: no seat"},
		{"several", `{"errors":[{"detail":"a"},{"detail":"b"},{"detail":"c"}]}`, "a, and 2 more"},
		{"pointer", `{"errors":[{"detail":"bad","source":{"pointer":"/data"}}]}`, "bad (parameter /data)"},
		{"other types than documented", `{"errors":[{"status":403,"code":7,"detail":"no","source":"x"}]}`, "no"},
		{"nothing in the error", `{"errors":[{}]}`, "Forbidden"},
		{"errors are no list", `{"errors":"no","message":"well"}`, "well"},
		{"old form", `{"code":401,"message":"Not authorised"}`, "Not authorised"},
		{"old form with an error", `{"code":401,"error":"Not authorised","message":"see the docs"}`, "Not authorised: see the docs"},
		{"old form with a flag", `{"error":true,"message":"no"}`, "no"},
		{"OAuth's form", `{"error":"invalid_client","error_description":"Client authentication failed"}`, "invalid_client: Client authentication failed"},
		{"HTML", proxyPage, "502 Bad Gateway & so on"},
		{"HTML without a title", "<html><body>x</body></html>", "Forbidden"},
		{"empty object", "{}", "Forbidden"},
		{"empty", "", "Forbidden"},
		{"a list", `["x"]`, "Forbidden"},
		{"half an object", `{"errors":[{"detail":"x"`, "Forbidden"},
		{"text", "upstream connect error\n\tor disconnect", "upstream connect error or disconnect"},
		{"control characters", "a\x00b\x1b[31mc\u202ed\xff", "ab[31mcd\uFFFD"},
		{"long", strings.Repeat("x", 10_000), strings.Repeat("x", maxDetail-1) + "…"},
		{"the token", "token " + token + " unknown", "token [redacted] unknown"},
		{"the token in capitals", strings.ToUpper(token) + ".", "[redacted]."},
		{"the token, parted", token[:9] + "\u200b" + token[9:], "[redacted]"},
		{"the token at the bound", strings.Repeat("x", maxDetail-20) + token, strings.Repeat("x", maxDetail-20) + "[redacted]"},
		{"the token twice in JSON", `{"message":"` + token + `/` + token + `"}`, "[redacted]/[redacted]"},
		{"the token, escaped", `{"message":"\u0030` + token[1:] + `"}`, "[redacted]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := search(t, newClients(t, answering(403, tt.body)).For(us, key))
			if trouble := wantClass(t, err, audit.SnykForbidden); trouble.Detail != tt.want {
				t.Errorf("detail\n%q, want\n%q", trouble.Detail, tt.want)
			}
		})
	}
}

func TestRequestIDIsOneSafeLine(t *testing.T) {
	_, err := search(t, newClients(t, answering(500, "", "snyk-request-id", token+strings.Repeat("y", 500))).For(us, key))
	id := troubleOf(t, err).RequestID
	if strings.Contains(id, token) || len([]rune(id)) > maxHeaderText || !strings.HasPrefix(id, "[redacted]y") {
		t.Errorf("request id %q", id)
	}
}

func TestBadAnswerShowsNoSecret(t *testing.T) {
	_, err := search(t, newClients(t, answering(200, `{"errors":[{"detail":"`+token+` is bad"}]}`)).For(us, key))
	trouble := wantClass(t, err, audit.SnykBadAnswer)
	if strings.Contains(err.Error(), token) || !strings.Contains(trouble.Detail, "[redacted] is bad") {
		t.Errorf("detail %q", trouble.Detail)
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Wed, 12 Mar 2025 11:30:00 GMT"
	tests := []struct {
		name    string
		headers []string
		want    time.Duration
	}{
		{"nothing", nil, time.Minute},
		{"seconds", []string{"Retry-After", "7"}, 7 * time.Second},
		{"parts of a second", []string{"Retry-After", "1.5"}, 1500 * time.Millisecond},
		{"a date, by Snyk's clock", []string{"Date", date, "Retry-After", "Wed, 12 Mar 2025 11:30:42 GMT"}, 42 * time.Second},
		{"a date, by ours", []string{"Retry-After", "Wed, 12 Mar 2025 12:00:10 GMT"}, 10 * time.Second},
		{"a date gone by", []string{"Date", date, "Retry-After", "Wed, 12 Mar 2025 11:00:00 GMT"}, time.Second},
		{"reset", []string{"X-Ratelimit-Reset", "31"}, 31 * time.Second},
		{"reset as a list", []string{"X-Ratelimit-Reset", `31;w=60;name="x", 1`}, 31 * time.Second},
		{"reset as a time", []string{"Date", date, "X-Ratelimit-Reset", fmt.Sprint(epoch.Unix() + 12)}, 12 * time.Second},
		{"both", []string{"Retry-After", "5", "X-Ratelimit-Reset", "31"}, 5 * time.Second},
		{"the first is unreadable", []string{"Retry-After", "soon", "X-Ratelimit-Reset", "31"}, 31 * time.Second},
		{"none is readable", []string{"Retry-After", "-1", "X-Ratelimit-Reset", "NaN"}, time.Minute},
		{"no silence at all", []string{"Retry-After", "0"}, time.Second},
		{"too long", []string{"Retry-After", "86400"}, 15 * time.Minute},
		{"absurd", []string{"Retry-After", "1e300"}, 15 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"] = nil
				answering(429, "", tt.headers...)(w, r)
			}
			clients := newClients(t, h, func(c *Config) { c.Now = func() time.Time { return epoch.Add(30 * time.Minute) } })
			_, err := search(t, clients.For(us, key))
			if got := wantClass(t, err, audit.SnykRateLimited).RetryAfter; got != tt.want {
				t.Errorf("retry after %v, want %v", got, tt.want)
			}
		})
	}
}

// TestSilence has one client told to be silent, and another with the same
// credential that learns of it.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == 1 {
				answering(429, "", "Retry-After", "40")(w, r)
				return
			}
			answering(200, empty)(w, r)
		})
		_, err := search(t, clients.For(us, key))
		wantClass(t, err, audit.SnykRateLimited)

		time.Sleep(39 * time.Second)
		_, err = clients.For(us, key).Organization(t.Context(), orgID)
		trouble := wantClass(t, err, audit.SnykRateLimited)
		if asked != 1 || trouble.HTTPStatus != 0 || trouble.RetryAfter != time.Second {
			t.Errorf("%d requests, %+v; want silence for another second", asked, trouble)
		}
		other := audit.Credential{Token: audit.NewSecret("11111111-2222-3333-4444-555555555555")}
		if _, err := search(t, clients.For(us, other)); err != nil {
			t.Errorf("another credential: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := search(t, clients.For(us, key)); err != nil {
			t.Errorf("after the silence: %v", err)
		}
	})
}

func TestNoAnswer(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for want, err := range map[string]error{
		"no answer from api.snyk.io: connection refused":                             dial(syscall.ECONNREFUSED),
		"no answer from api.snyk.io: the connection was reset":                       dial(syscall.ECONNRESET),
		"no answer from api.snyk.io: no such host":                                   dial(&net.DNSError{IsNotFound: true}),
		"no answer from api.snyk.io: the host's name could not be looked up":         dial(&net.DNSError{IsTimeout: true}),
		"no answer from api.snyk.io: the connection ended early":                     io.EOF,
		"no answer from api.snyk.io: it took too long":                               context.DeadlineExceeded,
		"no answer from api.snyk.io: x509: certificate is not valid":                 errors.New("x509: certificate is not valid"),
		"no answer from api.snyk.io: malformed HTTP response \"[redacted]\\n\"":      fmt.Errorf("malformed HTTP response %q", token+"\n"),
		"no answer from api.snyk.io: the proxy that the environment names is no URL": errProxy,
	} {
		t.Run(want, func(t *testing.T) {
			clients := newClients(t, nil, func(c *Config) {
				c.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, err })
			})
			_, err := search(t, clients.For(us, key))
			trouble := wantClass(t, err, audit.SnykUnavailable)
			if trouble.Detail != want || trouble.HTTPStatus != 0 {
				t.Errorf("%d %q, want %q", trouble.HTTPStatus, trouble.Detail, want)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		clients := newClients(t, nil, func(c *Config) {
			c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, &url.Error{Op: "Get", Err: r.Context().Err()}
			})
		})
		_, err := search(t, clients.For(us, key))
		trouble := wantClass(t, err, audit.SnykUnavailable)
		if took := time.Since(start); took != time.Minute || trouble.Detail != "no answer from api.snyk.io: nothing came within 1m0s" {
			t.Errorf("after %v: %q", took, trouble.Detail)
		}
	})
}

func TestUntrustedCertificate(t *testing.T) {
	if got := reason(&url.Error{Err: x509.UnknownAuthorityError{}}); !strings.Contains(got, "unknown authority") {
		t.Errorf("reason = %q", got)
	}
}

func TestCredentialThatCannotBeSent(t *testing.T) {
	clients := newClients(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	for name, cred := range map[string]audit.Credential{
		"none":             {},
		"a line end":       {Token: audit.NewSecret(token + "\n")},
		"a header more":    {Token: audit.NewSecret(token + "\r\nX-Evil: 1")},
		"no client secret": {ClientID: "x"},
		"no client id":     {ClientSecret: audit.NewSecret("x")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := search(t, clients.For(us, cred))
			wantClass(t, err, audit.SnykUnauthenticated)
			if strings.Contains(err.Error(), token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

// TestLogHoldsNoSecret reads every line that a request logs.
func TestLogHoldsNoSecret(t *testing.T) {
	var lines strings.Builder
	log := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	clients := newClients(t, answering(200, empty, "snyk-request-id", "req-1", "Sunset", "Wed, 12 Mar 2025 11:30:00 GMT"),
		func(c *Config) { c.Log = log })
	if _, err := clients.For(us, key).Follow(t.Context(), hour, "/rest/x?cursor=abc"); err != nil {
		t.Fatal(err)
	}
	got := lines.String()
	for _, bad := range []string{token, "abc"} {
		if strings.Contains(got, bad) {
			t.Errorf("the log holds %q:\n%s", bad, got)
		}
	}
	for _, good := range []string{"status=200", "snyk_request_id=req-1", "path=/rest/x", "sunset="} {
		if !strings.Contains(got, good) {
			t.Errorf("the log lacks %q:\n%s", good, got)
		}
	}
}

func TestScrubber(t *testing.T) {
	hide := newScrubber("s3cret/of+client", "abc", "abcdef", "abcdefgh")
	for in, want := range map[string]string{
		"s3cret/of+client":                     hidden,
		"client_secret=s3cret%2Fof%2Bclient&x": "client_secret=[redacted]&x",
		"abc abcd abcdef ABCDEFGH":             "abc abcd [redacted] [redacted]",
		"İabcdefİ":                             "İ[redacted]İ",
	} {
		if got := hide.line(in, maxDetail); got != want {
			t.Errorf("line(%q) = %q, want %q", in, got, want)
		}
	}
	if diff := cmp.Diff("a b…", scrubber(nil).line(" a\tb  cdef", 4)); diff != "" {
		t.Error(diff)
	}
}
