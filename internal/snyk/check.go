package snyk

import (
	"context"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// checkTimeout bounds a whole check.
const checkTimeout = 20 * time.Second

// Kinds and results, under names that fit a line.
const (
	kindFormat        = snykstreamv1.CredentialCheck_KIND_FORMAT
	kindReachable     = snykstreamv1.CredentialCheck_KIND_REACHABLE
	kindAuthenticated = snykstreamv1.CredentialCheck_KIND_AUTHENTICATED
	kindOrganization  = snykstreamv1.CredentialCheck_KIND_ORGANIZATION_READABLE
	kindOrgAudit      = snykstreamv1.CredentialCheck_KIND_ORG_AUDIT_READABLE
	kindGroup         = snykstreamv1.CredentialCheck_KIND_GROUP_READABLE
	kindGroupAudit    = snykstreamv1.CredentialCheck_KIND_GROUP_AUDIT_READABLE
	kindExpiry        = snykstreamv1.CredentialCheck_KIND_EXPIRY
	kindClockSkew     = snykstreamv1.CredentialCheck_KIND_CLOCK_SKEW

	passed  = snykstreamv1.CredentialCheck_RESULT_PASSED
	failed  = snykstreamv1.CredentialCheck_RESULT_FAILED
	warning = snykstreamv1.CredentialCheck_RESULT_WARNING
	skipped = snykstreamv1.CredentialCheck_RESULT_SKIPPED
)

// Check tries a credential against what a source would read, and reports. The
// report has every kind of check once, and is valid when none failed.
//
// Where nothing was refused and the report is not valid all the same, since Snyk
// could not be asked (no answer, 5xx, 429), the error is the *audit.SnykError
// that says so, and the report comes with it: such a report says nothing about
// the credential. The other error is ctx's, with no report.
func (c *Clients) Check(
	ctx context.Context, what *snykstreamv1.SnykConfig, cred audit.Credential,
) (*snykstreamv1.ValidateCredentialsResponse, error) {
	bounded, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	k := &check{
		client: c.For(what.GetRegion(), cred), what: what, now: c.cfg.Now, report: newReport(cred),
	}
	k.run(bounded)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.report.finish()
}

// check is one check of a credential.
type check struct {
	client *Client
	what   *snykstreamv1.SnykConfig
	now    func() time.Time
	report *report
}

// run makes the requests first and judges them together: who may read the audit
// log needs nothing else, so what else is refused is then a warning.
func (k *check) run(ctx context.Context) {
	k.report.skip("an earlier check failed", kindFormat, kindReachable, kindAuthenticated, kindOrganization, kindOrgAudit)
	k.report.skip("groups are not read by this release", kindGroup, kindGroupAudit)
	k.report.skip("Snyk does not tell when a credential ends", kindExpiry)
	k.report.skip("Snyk's clock was not seen", kindClockSkew)
	if !k.format() {
		return
	}
	self := k.askSelf(ctx)
	if !k.reachable(self.trouble) {
		return
	}
	if stops(self.trouble) {
		k.authenticated(self, logAnswer{})
		return
	}
	org := k.askOrganization(ctx)
	log := k.askAudit(ctx, self.res)
	k.authenticated(self, log)
	k.organization(org, log)
	k.orgAudit(log)
	k.clock(self.res, log)
}

// stops says that no other request can do better than this one did.
func stops(trouble *audit.SnykError) bool {
	if trouble == nil {
		return false
	}
	return outage(trouble) || trouble.Class == audit.SnykUnauthenticated || trouble.Class == audit.SnykForeignLink
}
