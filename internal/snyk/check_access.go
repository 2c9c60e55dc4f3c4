package snyk

import (
	"context"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// askLanes reads a log and, where that is asked for and the log can be read, its
// api.access records, which take requests of their own.
func (k *check) askLanes(ctx context.Context, feed audit.Feed) (log, access logAnswer) {
	log = k.askLog(ctx, feed, audit.LaneDefault)
	if log.read && k.plan.access {
		access = k.askLog(ctx, feed, audit.LaneAPIAccess)
	}
	return log, access
}

// apiAccess judges the reading of a log's api.access records, beside what the
// check has found of the log: all others are collected without them.
func (k *check) apiAccess(
	kind snykstreamv1.CredentialCheck_Kind, access logAnswer, remedy func(*audit.SnykError) string,
) {
	if !access.asked || access.read {
		return
	}
	t := access.trouble
	say := advice{
		"the " + apiAccessName + " records, which include_api_access asks for, cannot be read: " + t.Detail, remedy(t),
	}
	if !outage(t) {
		say.remedy += "; or leave out include_api_access"
	}
	switch found := k.report.check(kind); found.GetResult() { //nolint:exhaustive // a failure says enough
	case passed:
		k.report.warn(kind, advice{found.GetMessage() + ", but " + say.message, say.remedy}, t)
	case warning:
		found.Message += "; " + say.message
		found.Remedy += "; " + say.remedy
	}
}
