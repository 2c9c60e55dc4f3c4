package snyk

import (
	"context"
	"fmt"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// probeWindow is the time that is read to see whether a log can be read.
	probeWindow = time.Minute
	// maxSkew is the difference of clocks that needs no mention. Snyk's is told in
	// whole seconds, and is older by the time of the way here.
	maxSkew = 30 * time.Second
)

// logAnswer is what came of reading the audit log.
type logAnswer struct {
	asked, read bool
	answer      audit.Answer
	received    time.Time
	trouble     *audit.SnykError
}

// askAudit reads one record at most of the last minute of the organization's log,
// by Snyk's clock where an earlier answer told it: a window in the future may be
// refused.
func (k *check) askAudit(ctx context.Context, earlier *response) logAnswer {
	id := k.what.GetOrganizationId()
	if id == "" {
		return logAnswer{}
	}
	to := k.now()
	if earlier != nil && !earlier.serverTime.IsZero() {
		to = earlier.serverTime
	}
	to = to.Truncate(time.Millisecond)
	answer, err := k.client.search(ctx, audit.Search{
		Feed: audit.Feed{Scope: audit.ScopeOrg, ID: id}, From: to.Add(-probeWindow), To: to,
	}, 1)
	got := logAnswer{asked: true, read: err == nil, answer: answer, received: k.now(), trouble: asTrouble(err)}
	for _, org := range k.report.out.GetOrganizations() {
		org.AuditReadable = got.read
	}
	return got
}

// orgAudit judges the reading of the log: without it there is nothing to collect.
func (k *check) orgAudit(got logAnswer) {
	switch {
	case !got.asked:
		k.report.skip("no organization is named", kindOrgAudit)
	case got.read:
		k.report.pass(kindOrgAudit, "the organization's audit log can be read",
			&response{status: 200, requestID: got.answer.RequestID})
	default:
		t := got.trouble
		k.report.fail(kindOrgAudit, advice{
			"the organization's audit log cannot be read: " + t.Detail, k.remedy(t),
		}, t)
	}
}

// clock compares Snyk's clock with ours, by the newest answer that tells it. The
// collection goes by the slower of the two, so a difference is a warning.
func (k *check) clock(self *response, log logAnswer) {
	server, received := log.answer.ServerTime, log.received
	if server.IsZero() && self != nil {
		server, received = self.serverTime, self.received
	}
	if server.IsZero() {
		return
	}
	skew := received.Sub(server).Truncate(time.Second)
	if skew.Abs() <= maxSkew {
		k.report.pass(kindClockSkew, "Snyk's clock and this server's agree", nil)
		return
	}
	side := "ahead of"
	if skew < 0 {
		side = "behind"
	}
	k.report.warn(kindClockSkew, advice{
		fmt.Sprintf("this server's clock is %s %s Snyk's", skew.Abs(), side),
		"keep this server's clock by NTP",
	}, nil)
}
