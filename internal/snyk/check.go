package snyk

import (
	"context"
	"slices"
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

// Check tries a credential against what a source of this configuration would
// read, and reports. The report has every kind of check once, and is valid when
// none failed. The organizations in it are the one named and, with
// all_organizations, all that Snyk lists for the group: up to 200 of them are
// read, as many as 20 seconds allow, and audit_problem says so of the others.
//
// A single organization takes three requests, as does a group's own log, and one
// more each with include_api_access. A token that names another region's host is
// sent nowhere at all.
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
	k := &check{client: c.For(what.GetRegion(), cred), plan: planOf(what), now: c.cfg.Now, report: newReport(cred)}
	k.run(bounded)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.report.finish()
}

// plan is what a configuration reads.
type plan struct {
	// org and group are the ids that it names, empty where it names none.
	org, group string
	// readsOrg and readsGroup say that it reads the log of the one named.
	readsOrg, readsGroup bool
	// all says that it reads the logs of all organizations of the group.
	all bool
	// access says that it reads the api.access records too.
	access bool
}

func planOf(what *snykstreamv1.SnykConfig) plan {
	source := audit.SourceRecord{Source: &snykstreamv1.Source{Snyk: what}}
	orgLogs := slices.Contains(source.LogTypes(), snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT)
	return plan{
		org: what.GetOrganizationId(), group: what.GetGroupId(),
		readsOrg:   what.GetOrganizationId() != "" && orgLogs,
		readsGroup: source.ReadsGroup(), all: source.AllOrganizations(),
		access: what.GetIncludeApiAccess(),
	}
}

// needsGroup says that nothing can be read without knowing the group.
func (p plan) needsGroup() bool { return p.readsGroup || p.all }

// check is one check of a credential.
type check struct {
	client *Client
	plan   plan
	now    func() time.Time
	report *report
	heard  clockReading
}

// answers are what Snyk said to all requests of a check.
type answers struct {
	self             selfAnswer
	org              orgAnswer
	group            groupAnswer
	list             listAnswer
	orgLog, groupLog logAnswer
	// orgAccess and groupAccess are of the api.access records in those logs.
	orgAccess, groupAccess logAnswer
}

func (k *check) run(ctx context.Context) {
	k.skipAll()
	if !k.format() {
		return
	}
	k.ask(ctx)
	k.expiry()
	k.clock()
}

// skipAll is the report before any check is made: what the configuration does
// not ask for stays so.
func (k *check) skipAll() {
	k.report.skip("an earlier check failed", kindFormat, kindReachable, kindAuthenticated, kindOrganization, kindOrgAudit,
		kindGroup, kindGroupAudit, kindExpiry)
	k.report.skip("Snyk's clock was not seen", kindClockSkew)
	if k.plan.org == "" && !k.plan.all {
		k.report.skip("no organization is named", kindOrganization, kindOrgAudit)
	} else if !k.plan.readsOrg && !k.plan.all {
		k.report.skip("log_types leaves out the organization's log", kindOrgAudit)
	}
	if !k.plan.needsGroup() {
		k.report.skip("nothing is read of a group", kindGroup)
	}
	if !k.plan.readsGroup {
		k.report.skip("the group's log is not asked for", kindGroupAudit)
	}
	if k.client.cred.Claims().Expires.IsZero() {
		k.report.skip("Snyk does not tell when a credential ends", kindExpiry)
	}
}

// ask makes the requests first and judges them together: who may read the logs
// needs nothing else, so what else is refused is then a warning.
func (k *check) ask(ctx context.Context) {
	var got answers
	got.self = k.askSelf(ctx)
	if !k.reachable(got.self.trouble) {
		return
	}
	if stops(got.self.trouble) {
		k.authenticated(got.self, logAnswer{})
		return
	}
	got.org = k.askOrganization(ctx)
	if k.plan.readsOrg {
		got.orgLog, got.orgAccess = k.askLanes(ctx, audit.Feed{Scope: audit.ScopeOrg, ID: k.plan.org})
	}
	if got.group = k.askGroup(ctx, got.org); got.group.id != "" {
		if k.plan.readsGroup {
			got.groupLog, got.groupAccess = k.askLanes(ctx, audit.Feed{Scope: audit.ScopeGroup, ID: got.group.id})
		}
		if k.plan.all {
			got.list = k.askList(ctx, got.group.id)
		}
	}
	k.probe(ctx, &got)
	k.enter(got)
	k.authenticated(got.self, got.proof())
	k.organization(got)
	k.orgAudit(got)
	k.group(got)
	k.groupAudit(got)
	k.apiAccess(kindOrgAudit, got.orgAccess, k.orgRemedy)
	k.apiAccess(kindGroupAudit, got.groupAccess, func(t *audit.SnykError) string { return k.groupRemedy(t, got.group.id) })
}

// proof is the reading that says most about the credential: one that succeeded,
// else one that an outage kept from it, else any.
func (a answers) proof() logAnswer {
	logs := append([]logAnswer{a.orgLog, a.groupLog}, a.list.logs...)
	for _, telling := range []func(logAnswer) bool{
		func(l logAnswer) bool { return l.read },
		func(l logAnswer) bool { return outage(l.trouble) },
		func(l logAnswer) bool { return l.asked },
	} {
		if i := slices.IndexFunc(logs, telling); i >= 0 {
			return logs[i]
		}
	}
	return logAnswer{}
}

// stops says that no other request can do better than this one did.
func stops(trouble *audit.SnykError) bool {
	if trouble == nil {
		return false
	}
	return outage(trouble) || trouble.Class == audit.SnykUnauthenticated || trouble.Class == audit.SnykForeignLink
}
