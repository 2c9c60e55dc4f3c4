package snyk

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Defaults of a Config.
const (
	defaultBudget    = 0.5
	defaultTimeout   = time.Minute
	defaultUserAgent = "snykstream (+https://github.com/snykstream/snykstream)"
)

// Config says where Snyk is and how it is asked. The zero value asks Snyk's own
// hosts at half the pace they allow.
type Config struct {
	// Endpoints replace the origins of regions: scheme, host and port. Plain http
	// is for simulators and tests; no default uses it.
	Endpoints map[snykstreamv1.Region]string
	// Budget is the share of Snyk's limits that a credential's requests may use,
	// above 0 up to 1. Default 0.5.
	Budget float64
	// Windows are the limits that Budget is a share of, until Snyk's answers name
	// others. Default: those that Snyk is known to have.
	Windows []Window
	// Timeout bounds one request from its first byte to the answer's last,
	// waiting for its turn not included. Default a minute.
	Timeout time.Duration
	// UserAgent is sent with every request. Default: snykstream's name.
	UserAgent string
	// Transport carries the requests. Default: one of its own, through the proxy
	// that the environment names.
	Transport http.RoundTripper
	// Log takes one line for each request at level debug. Default: none.
	Log *slog.Logger
	// Now is the wall clock. Default time.Now.
	Now func() time.Time
}

// endpoints are the origins of Snyk's regions.
var endpoints = map[snykstreamv1.Region]string{
	snykstreamv1.Region_REGION_SNYK_US_01:  "https://api.snyk.io",
	snykstreamv1.Region_REGION_SNYK_US_02:  "https://api.us.snyk.io",
	snykstreamv1.Region_REGION_SNYK_EU_01:  "https://api.eu.snyk.io",
	snykstreamv1.Region_REGION_SNYK_AU_01:  "https://api.au.snyk.io",
	snykstreamv1.Region_REGION_SNYK_GOV_01: "https://api.snykgov.io",
}

// complete fills in the defaults and refuses what cannot be right.
func (c *Config) complete() error {
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	if !(c.Budget > 0 && c.Budget <= 1) {
		return fmt.Errorf("budget %v is not a share of Snyk's limits: above 0, up to 1", c.Budget)
	}
	if c.Windows == nil {
		c.Windows = limits
	}
	for _, w := range c.Windows {
		if w.Count < 1 || w.Per <= 0 {
			return errors.New("a limit's window needs a count and a time")
		}
	}
	if c.Timeout < 0 {
		return errors.New("the timeout is negative")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultUserAgent
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// origins are the endpoints of all regions, the overrides applied.
func (c *Config) origins() (map[snykstreamv1.Region]*url.URL, error) {
	texts := maps.Clone(endpoints)
	for region, text := range c.Endpoints {
		if region == snykstreamv1.Region_REGION_UNSPECIFIED {
			return nil, errors.New("an endpoint needs a region")
		}
		texts[region] = text
	}
	out := make(map[snykstreamv1.Region]*url.URL, len(texts))
	for region, text := range texts {
		u, err := parseEndpoint(text)
		if err != nil {
			return nil, fmt.Errorf("endpoint of %s: %w", regionName(region), err)
		}
		out[region] = u
	}
	return out, nil
}

// parseEndpoint reads an origin. It does not show the text in its errors, which
// a mistake may have given a password.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("its scheme is neither https nor http")
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case u.User != nil:
		return nil, errors.New("it must not hold a user or a password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it must be scheme, host and port alone, such as https://api.snyk.io")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// regionName is the name that Snyk gives a region, such as SNYK-US-01.
func regionName(region snykstreamv1.Region) string {
	return strings.ReplaceAll(strings.TrimPrefix(region.String(), "REGION_"), "_", "-")
}
