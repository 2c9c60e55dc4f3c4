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
	host, region, home := k.client.cred.Claims().Host, k.client.region, k.client.home
	switch {
	case home != snykstreamv1.Region_REGION_UNSPECIFIED:
		k.report.fail(kindFormat, advice{
			"the token was issued for " + host + ", which is region " + regionName(home) +
				", and the source is set to region " + regionName(region),
			"set region to " + home.String() + ", or send a token that was issued for " + regionName(region),
		}, nil)
		return false
	case host == "" || k.client.clients.serves(region, host):
		return true
	}
	k.report.warn(kindFormat, advice{
		"the token was issued for " + host + ", which is no region that this server knows; it goes to " +
			k.client.base.Host + " all the same",
		"if that host is your Snyk's, start this server with --snyk-endpoint " +
			strings.ToLower(regionName(region)) + "=https://" + host,
	}, nil)
	return true
}

// otherHome is the region that serves a host where the one asked for does not;
// unspecified where that one does, or none.
func (c *Clients) otherHome(region snykstreamv1.Region, host string) snykstreamv1.Region {
	if host == "" || c.serves(region, host) {
		return snykstreamv1.Region_REGION_UNSPECIFIED
	}
	for _, other := range slices.Sorted(maps.Keys(c.origins)) {
		if c.serves(other, host) {
			return other
		}
	}
	return snykstreamv1.Region_REGION_UNSPECIFIED
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
func (k *check) regionAdvice() string {
	c, place := k.client, "the organization"
	if k.plan.group != "" {
		place = "the group"
	}
	text := "check that " + place + " is in region " + regionName(c.region) + " (a token works in its own region only), "
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
