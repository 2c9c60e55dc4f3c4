package snyk

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// regionFits compares the host that a token names with the region asked for, and
// says whether the token may go there. It judges nothing where it finds nothing.
func (k *check) regionFits() bool {
	host, region := k.client.cred.Claims().Host, k.client.region
	if host == "" || k.client.clients.serves(region, host) {
		return true
	}
	for _, other := range slices.Sorted(maps.Keys(k.client.clients.origins)) {
		if k.client.clients.serves(other, host) {
			k.report.fail(kindFormat, advice{
				"the token was issued for " + host + ", which is region " + regionName(other) +
					", and the source is set to region " + regionName(region),
				"set region to " + other.String() + ", or send a token that was issued for " + regionName(region),
			}, nil)
			return false
		}
	}
	k.report.warn(kindFormat, advice{
		"the token was issued for " + host + ", which is no region that this server knows; it goes to " +
			k.client.base.Host + " all the same",
		"if that host is your Snyk's, start this server with --snyk-endpoint " +
			strings.ToLower(regionName(region)) + "=https://" + host,
	}, nil)
	return true
}

// serves says that a host is the one of a region, by Snyk's own list or by this
// server's configuration.
func (c *Clients) serves(region snykstreamv1.Region, host string) bool {
	if at := c.origins[region]; at != nil && sameHost(at.Hostname(), host) {
		return true
	}
	own, err := url.Parse(endpoints[region])
	return err == nil && sameHost(own.Hostname(), host)
}

// sameHost compares hosts as tokens name them, which is by the domain or by the
// API's host in it.
func sameHost(a, b string) bool {
	return strings.EqualFold(strings.TrimPrefix(a, "api."), strings.TrimPrefix(b, "api."))
}

// regionAdvice is what to do about a credential that Snyk does not know.
func (c *Client) regionAdvice() string {
	text := "check that the organization is in region " + regionName(c.region) + " (a token works in its own region only), "
	if c.cred.Kind() == snykstreamv1.CredentialKind_CREDENTIAL_KIND_OAUTH_CLIENT {
		return text + "and that client id and secret are right and not revoked"
	}
	return text + "and that the token is whole, not expired and not revoked"
}

// again is what to do about a Snyk that cannot be asked.
func again(trouble *audit.SnykError) string {
	if trouble.RetryAfter > 0 {
		return "try again in " + roundUp(trouble.RetryAfter).String()
	}
	return "try again in a moment; if it stays, look at status.snyk.io"
}
