package snyk

import (
	"context"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// probeWindow is the time that is read to see whether a log can be read.
const probeWindow = time.Minute

// logAnswer is what came of reading an audit log.
type logAnswer struct {
	asked, read bool
	answer      audit.Answer
	trouble     *audit.SnykError
}

// askLog reads one record at most of the last minute of a log, by Snyk's clock
// where an earlier answer told it: a window in the future may be refused.
func (k *check) askLog(ctx context.Context, feed audit.Feed, lane audit.LaneKind) logAnswer {
	got := k.readLog(ctx, feed, lane, k.clockNow())
	k.heard.hear(got.answer.ServerTime, k.now())
	return got
}

func (k *check) readLog(ctx context.Context, feed audit.Feed, lane audit.LaneKind, to time.Time) logAnswer {
	to = to.Truncate(time.Millisecond)
	answer, err := k.client.search(ctx, audit.Search{Feed: feed, Lane: lane, From: to.Add(-probeWindow), To: to}, 1)
	return logAnswer{asked: true, read: err == nil, answer: answer, trouble: asTrouble(err)}
}

// proves is the answer as what a check passed by.
func (l logAnswer) proves() *response { return &response{status: 200, requestID: l.answer.RequestID} }

// orgAudit judges the reading of the organizations' logs: without it there is
// nothing of theirs to collect. The one that is named must be readable; of those
// found in the group, any.
func (k *check) orgAudit(got answers) {
	switch {
	case k.plan.readsOrg && !got.orgLog.read:
		t := got.orgLog.trouble
		k.report.fail(kindOrgAudit, advice{
			"the organization's audit log cannot be read: " + t.Detail, k.orgRemedy(t),
		}, t)
	case k.plan.all:
		k.allAudit(got)
	case k.plan.readsOrg:
		k.report.pass(kindOrgAudit, "the organization's audit log can be read", got.orgLog.proves())
	}
}

// groupAudit judges the reading of the group's log.
func (k *check) groupAudit(got answers) {
	switch {
	case !k.plan.readsGroup:
	case !got.groupLog.asked:
		k.report.skip("the group is not known", kindGroupAudit)
	case got.groupLog.read:
		k.report.pass(kindGroupAudit, "the group's audit log can be read", got.groupLog.proves())
	default:
		t := got.groupLog.trouble
		remedy := k.groupRemedy(t, got.group.id)
		if refusesScope(t) && (got.orgLog.read || got.list.read() > 0) {
			remedy += "; or do without the group's own log: set log_types to [LOG_TYPE_SNYK_ORG_AUDIT]"
		}
		k.report.fail(kindGroupAudit, advice{"the group's audit log cannot be read: " + t.Detail, remedy}, t)
	}
}

// refusesScope says that it is this log that may not be read: which of the two
// statuses says so is not documented.
func refusesScope(t *audit.SnykError) bool {
	return t.Class == audit.SnykForbidden || t.Class == audit.SnykNotFound
}
