package snyk

import (
	"context"

	"github.com/snykstream/snykstream/internal/audit"
)

// selfAnswer is who Snyk says the credential belongs to; res is nil where
// trouble is not.
type selfAnswer struct {
	self    Self
	res     *response
	trouble *audit.SnykError
}

func (k *check) askSelf(ctx context.Context) selfAnswer {
	self, res, err := k.client.self(ctx)
	if err == nil {
		k.report.out.Credential.Principal = self.Principal()
		k.heard.hear(res.serverTime, res.received)
	}
	return selfAnswer{self, res, asTrouble(err)}
}

// reachable judges the first request: whatever the answer, it came from
// something.
func (k *check) reachable(trouble *audit.SnykError) bool {
	host := k.client.base.Host
	switch {
	case trouble == nil || trouble.HTTPStatus != 0:
		k.report.pass(kindReachable, host+" answers", nil)
		return true
	case trouble.Class == audit.SnykRateLimited:
		// No request was made: an earlier one with this credential was told to wait.
		k.report.skip("no request may be made with this credential for now", kindReachable)
		return true
	}
	k.report.fail(kindReachable, advice{
		trouble.Detail,
		"check that this server may reach " + host + ", through a proxy where there is one, and try again",
	}, trouble)
	return false
}

// authenticated judges the answer about the credential itself. A credential that
// reads the log is known to Snyk, whatever it may not ask about itself.
func (k *check) authenticated(got selfAnswer, log logAnswer) {
	t := got.trouble
	if t == nil {
		k.report.pass(kindAuthenticated, "Snyk knows the credential as "+got.self.Principal(), got.res)
		return
	}
	switch {
	case t.Class == audit.SnykUnauthenticated:
		k.report.fail(kindAuthenticated, advice{"Snyk does not know the credential: " + t.Detail, k.regionAdvice()}, t)
	case t.Class == audit.SnykUnavailable, t.Class == audit.SnykRateLimited:
		k.report.fail(kindAuthenticated, advice{"Snyk could not tell: " + t.Detail, again(t)}, t)
	case t.Class == audit.SnykForeignLink:
		k.report.fail(kindAuthenticated, advice{
			"the region's host does not answer for itself: " + t.Detail,
			"check the address of region " + regionName(k.client.region) + ", and what stands between it and this server",
		}, t)
	case log.read:
		k.report.warn(kindAuthenticated, advice{
			"Snyk does not tell who the credential belongs to: " + t.Detail,
			"nothing, unless the principal should be shown; the audit log can be read",
		}, t)
	case outage(log.trouble):
		k.report.warn(kindAuthenticated, advice{
			"Snyk does not tell who the credential belongs to: " + t.Detail, again(log.trouble),
		}, t)
	default:
		k.report.fail(kindAuthenticated, advice{
			"Snyk does not tell who the credential belongs to, and the audit log cannot be read: " + t.Detail,
			"see what is said of the audit log",
		}, t)
	}
}
