package snyk

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestCheckOfTheEnd(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		cred   audit.Credential
		result snykstreamv1.CredentialCheck_Result
		text   string
	}{
		{"an API token", key, skipped, "does not tell"},
		{"an OAuth client", oauth, skipped, "does not tell"},
		{"a token that does not say", issued("snyk_sat", `{"h":"api.snyk.io"}`), skipped, "does not tell"},
		{"far away", ending(epoch.Add(90 * day)), passed, "on 2025-06-10 11:30 UTC"},
		{"in fifteen days", ending(epoch.Add(15 * day)), passed, "on 2025-03-27"},
		{"in fourteen days", ending(epoch.Add(14 * day)), warning, "on 2025-03-26 11:30 UTC, in 14 days"},
		{"tomorrow", ending(epoch.Add(day)), warning, "in 24 hours"},
		{"in an hour", ending(epoch.Add(time.Hour)), warning, "in less than two hours"},
		{"in a second", ending(epoch.Add(time.Second)), warning, "2025-03-12"},
		{"now", ending(epoch), failed, "ended on 2025-03-12 11:30 UTC"},
		{"yesterday", ending(epoch.Add(-day)), failed, "ended on 2025-03-11"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := newClients(t, good().ServeHTTP, at).Check(t.Context(), config(), tt.cred)
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, got)
			c := of(got, kindExpiry)
			if c.GetResult() != tt.result || !strings.Contains(c.GetMessage(), tt.text) {
				t.Errorf("%v; want %v, %q", c, tt.result, tt.text)
			}
			if needs := tt.result == failed || tt.result == warning; needs && !strings.Contains(c.GetRemedy(), "with UpdateSource, or to CreateSource") {
				t.Errorf("remedy %q does not say where a new one goes", c.GetRemedy())
			}
			if told := got.GetCredential().GetExpireTime() != nil; told != (tt.result != skipped) {
				t.Errorf("expire_time %v", got.GetCredential().GetExpireTime())
			}
		})
	}
}

// The end is Snyk's to judge: by its clock, where it told it.
func TestTheEndIsJudgedBySnyksClock(t *testing.T) {
	end := epoch.Add(time.Hour)
	after := func(d time.Duration) func(*Config) {
		return func(c *Config) { c.Now = func() time.Time { return epoch.Add(d) } }
	}
	silent := func(c *Config) {
		c.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
	}
	refused := good()
	refused.self = say{401, "", nil}
	tests := []struct {
		name   string
		region region
		config []func(*Config)
		want   snykstreamv1.CredentialCheck_Result
	}{
		{"ours is ahead", good(), []func(*Config){after(2 * time.Hour)}, warning},
		{"nobody answers", good(), []func(*Config){after(2 * time.Hour), silent}, failed},
		{"nobody answers, before the end", good(), []func(*Config){after(0), silent}, warning},
		{"Snyk refuses the token", refused, []func(*Config){after(2 * time.Hour)}, failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := newClients(t, tt.region.ServeHTTP, tt.config...).Check(t.Context(), config(), ending(end))
			wantWords(t, got)
			if c := of(got, kindExpiry); c.GetResult() != tt.want {
				t.Errorf("%v, want %v", c, tt.want)
			}
		})
	}
}
