package snyk

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

const eu = snykstreamv1.Region_REGION_SNYK_EU_01

// issued is a token of the newer kinds with a payload.
func issued(prefix, payload string) audit.Credential {
	return audit.Credential{
		Token: audit.NewSecret(prefix + ".12345678." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2lnbmF0dXJl"),
	}
}

// ending is a personal access token that ends at a time.
func ending(at time.Time) audit.Credential {
	return issued("snyk_uat", fmt.Sprintf(`{"j":"1","h":"api.snyk.io","e":%d}`, at.Unix()))
}

// wantNothingSent holds that each method says of a token that it is another
// region's.
func wantNothingSent(t *testing.T, c *Client) {
	t.Helper()
	ctx := t.Context()
	for name, ask := range map[string]func() error{
		"Search":        func() error { _, err := c.Search(ctx, hour); return err },
		"Follow":        func() error { _, err := c.Follow(ctx, hour, "?cursor=a"); return err },
		"Self":          func() error { _, err := c.Self(ctx); return err },
		"Organization":  func() error { _, err := c.Organization(ctx, orgID); return err },
		"Organizations": func() error { _, err := c.Organizations(ctx, groupID); return err },
	} {
		trouble := wantClass(t, ask(), audit.SnykUnauthenticated)
		want := "the token was issued for " + regionName(c.home) + ", and the region is " + regionName(c.region)
		if c.home == c.region || !strings.HasPrefix(trouble.Detail, want) {
			t.Errorf("%s: %q, want %q", name, trouble.Detail, want)
		}
	}
}

func TestCheckOfTheTokensRegion(t *testing.T) {
	acme := func(c *Config) {
		c.Endpoints = map[snykstreamv1.Region]string{us: "https://api.acme.snyk.io:8443"}
	}
	tests := []struct {
		name, host string
		region     snykstreamv1.Region
		config     func(*Config)
		result     snykstreamv1.CredentialCheck_Result
		// words are in the message and the remedy.
		words []string
	}{
		{"the region's own", "api.snyk.io", us, at, passed, nil},
		{"no region is SNYK-US-01", "api.snyk.io", 0, at, passed, nil},
		{"the domain alone", "snyk.io", us, at, passed, nil},
		{"the domain alone, of another region", "us.snyk.io", us, at, failed, []string{"SNYK-US-02"}},
		{"as an address", "https://api.eu.snyk.io", eu, at, passed, nil},
		{"in capitals", "API.EU.SNYK.IO", eu, at, passed, nil},
		{"another region's", "api.eu.snyk.io", us, at, failed, []string{"SNYK-EU-01", "REGION_SNYK_EU_01", "SNYK-US-01"}},
		{"the default region's", "api.snyk.io", eu, at, failed, []string{"region SNYK-US-01", "REGION_SNYK_US_01"}},
		{"the government's", "api.snykgov.io", us, at, failed, []string{"SNYK-GOV-01"}},
		{"the endpoint that is configured", "api.acme.snyk.io", us, acme, passed, nil},
		{"Snyk's own, though another endpoint is configured", "api.snyk.io", us, acme, passed, nil},
		{"another region's endpoint that is configured", "api.acme.snyk.io", eu, acme, failed, []string{"SNYK-US-01"}},
		{
			"nobody's", "api.acme.snyk.io", eu, at, warning,
			[]string{"api.acme.snyk.io", "--snyk-endpoint snyk-eu-01=https://api.acme.snyk.io"},
		},
		{"a host that begins alike", "api.snyk.io.evil.example", us, at, warning, []string{"api.snyk.io.evil.example"}},
		{"no host", "", us, at, passed, nil},
		{"what is no host", "a b", us, at, passed, nil},
	}
	for _, prefix := range []string{"snyk_uat", "snyk_sat"} {
		for _, tt := range tests {
			t.Run(prefix+" "+tt.name, func(t *testing.T) {
				asked := 0
				clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
					asked++
					good().ServeHTTP(w, r)
				}, tt.config)
				cred := issued(prefix, fmt.Sprintf(`{"h":%q,"e":%d}`, tt.host, epoch.Add(time.Hour).Unix()))
				got, err := clients.Check(t.Context(), &snykstreamv1.SnykConfig{OrganizationId: orgID, Region: tt.region}, cred)
				if err != nil {
					t.Fatal(err)
				}
				wantWords(t, got)
				c := of(got, kindFormat)
				if c.GetResult() != tt.result {
					t.Errorf("%v, want %v", c, tt.result)
				}
				for _, word := range tt.words {
					if !strings.Contains(c.GetMessage()+" "+c.GetRemedy(), word) {
						t.Errorf("%q is in neither %q nor %q", word, c.GetMessage(), c.GetRemedy())
					}
				}
				if tt.result != failed {
					if asked != 3 {
						t.Errorf("%d requests, want 3", asked)
					}
					if _, err := search(t, clients.For(tt.region, cred)); err != nil || asked != 4 {
						t.Errorf("a search: %v, %d requests, want 4", err, asked)
					}
					return
				}
				wantNothingSent(t, clients.For(tt.region, cred))
				if asked != 0 || got.GetValid() {
					t.Errorf("%d requests with a token of another region, valid: %v", asked, got.GetValid())
				}
				for kind, result := range results(got) {
					if kind != "FORMAT" && result != "SKIPPED" {
						t.Errorf("%s %s, want SKIPPED", kind, result)
					}
				}
			})
		}
	}
}
