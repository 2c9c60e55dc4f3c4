package snyk

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Clients makes clients of Snyk's API. It is safe for concurrent use.
type Clients struct {
	cfg      Config
	origins  map[snykstreamv1.Region]*url.URL
	sessions *sessions
}

// New makes the clients of a configuration. Close gives back what they hold.
func New(cfg Config) (*Clients, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("snyk: %w", err)
	}
	origins, err := cfg.origins()
	if err != nil {
		return nil, fmt.Errorf("snyk: %w", err)
	}
	return &Clients{
		cfg:     cfg,
		origins: origins,
		sessions: newSessions(func() *pacer {
			return newPacer(cfg.Windows, cfg.Budget)
		}),
	}, nil
}

// Close closes the connections that no request uses. The clients stay usable.
func (c *Clients) Close() {
	if idle, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

// For returns a client of a region with a credential; an unspecified region is
// SNYK-US-01. It is cheap, and needs no closing. All clients of one region and
// credential share their pace, their silence after a 429, and their OAuth
// access token, whenever they were made.
func (c *Clients) For(region snykstreamv1.Region, cred audit.Credential) *Client {
	region = cmp.Or(region, snykstreamv1.Region_REGION_SNYK_US_01)
	return &Client{
		home:    c.otherHome(region, cred.Claims().Host),
		clients: c,
		region:  region,
		base:    c.origins[region],
		cred:    cred,
		key:     sessionKey{region: region, credential: cred.Fingerprint()},
		problem: credentialProblem(cred),
	}
}

// Client asks Snyk's API of one region with one credential. It is safe for
// concurrent use. Errors of its methods are *audit.SnykError, or ctx's own once
// ctx has ended.
type Client struct {
	clients *Clients
	region  snykstreamv1.Region
	// base is nil for a region that is not known.
	base *url.URL
	cred audit.Credential
	key  sessionKey
	// problem says why the credential cannot be sent at all. Empty: it can.
	problem string
	// home is the region that the token names where that is another one, else
	// unspecified: then nothing is sent.
	home snykstreamv1.Region
}

// logRequest tells of a request: never of its headers, nor of the query, where a
// cursor is.
func (c *Client) logRequest(req *http.Request, took time.Duration, res *response) {
	log := c.clients.cfg.Log
	ctx := req.Context()
	if !log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", req.Method), slog.String("host", req.URL.Host), slog.String("path", req.URL.Path),
		slog.String("credential", c.key.credential), slog.Duration("took", took),
	}
	if res != nil {
		attrs = append(attrs, slog.Int("status", res.status), slog.String("snyk_request_id", res.requestID))
		if sunset := headerText(res.header, "Sunset"); sunset != "" {
			attrs = append(attrs, slog.String("sunset", sunset))
		}
	}
	log.LogAttrs(ctx, slog.LevelDebug, "request to snyk", attrs...)
}
