package snyk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/snykstream/snykstream/internal/audit"
)

// Bounds of reading the logs of a group's organizations.
const (
	maxProbes    = 200
	probesAtOnce = 8
)

// listAnswer is what Snyk says of the group's organizations and their logs.
type listAnswer struct {
	// listed says that the list was read to its end.
	listed  bool
	orgs    []audit.Organization
	trouble *audit.SnykError
	// logs are the readings of the logs of orgs.
	logs []logAnswer
	// cut is why readings were given up, nil where none were.
	cut *audit.SnykError
}

func (k *check) askList(ctx context.Context, groupID string) listAnswer {
	orgs, err := k.client.Organizations(ctx, groupID)
	return listAnswer{listed: err == nil, orgs: orgs, trouble: asTrouble(err)}
}

// probe reads the logs of the organizations of the list, some at a time, until
// there is no point in going on.
func (k *check) probe(ctx context.Context, got *answers) {
	list := &got.list
	list.logs = make([]logAnswer, len(list.orgs))
	to := k.clockNow()
	var cut atomic.Pointer[audit.SnykError]
	places := make(chan int)
	var probes sync.WaitGroup
	for range min(probesAtOnce, len(list.orgs)) {
		probes.Go(func() {
			for i := range places {
				if cut.Load() != nil {
					continue
				}
				feed := audit.Feed{Scope: audit.ScopeOrg, ID: list.orgs[i].ID}
				log := k.readLog(ctx, feed, audit.LaneDefault, to)
				if refusesCredential(log.trouble) && cut.Load() == nil {
					// One refusal may be a slip of Snyk's: two in a row are none.
					log = k.readLog(ctx, feed, audit.LaneDefault, to)
				}
				if givesUp(ctx, log.trouble) {
					cut.CompareAndSwap(nil, log.trouble)
					continue
				}
				list.logs[i] = log
			}
		})
	}
	left := maxProbes
	for i, org := range list.orgs {
		switch {
		case got.orgLog.asked && strings.EqualFold(org.ID, k.plan.org):
			list.logs[i] = got.orgLog // it was read already
		case left > 0:
			left--
			places <- i
		}
	}
	close(places)
	probes.Wait()
	list.cut = cut.Load()
}

// refusesCredential says that Snyk did not take the credential itself.
func refusesCredential(trouble *audit.SnykError) bool {
	return trouble != nil && trouble.Class == audit.SnykUnauthenticated
}

// givesUp says that a reading was not made to its end, and that no other will be:
// the credential is refused or has to wait, or the check's time is up.
func givesUp(ctx context.Context, trouble *audit.SnykError) bool {
	if trouble == nil {
		return false
	}
	switch trouble.Class { //nolint:exhaustive // the rest is about one organization
	case audit.SnykRateLimited, audit.SnykUnauthenticated, audit.SnykForeignLink:
		return true
	}
	return ctx.Err() != nil
}

// with is the list with the organization that is named, where its log can be read
// and the list lacks it.
func (l listAnswer) with(named string, log logAnswer) listAnswer {
	if !l.listed || !log.read || slices.ContainsFunc(l.orgs, func(org audit.Organization) bool {
		return strings.EqualFold(org.ID, named)
	}) {
		return l
	}
	l.orgs = append(slices.Clip(l.orgs), audit.Organization{ID: named})
	l.logs = append(slices.Clip(l.logs), log)
	return l
}

// problem is why the log of an organization cannot be read, or was not tried;
// empty where it can.
func (l listAnswer) problem(i int) string {
	switch log := l.logs[i]; {
	case log.read:
		return ""
	case log.asked:
		return log.trouble.Detail
	case l.cut != nil:
		return "not tried: " + l.cut.Detail
	}
	return fmt.Sprintf("not tried: a check reads %d organizations at most", maxProbes)
}

// read is how many of the logs could be read.
func (l listAnswer) read() int {
	n := 0
	for _, log := range l.logs {
		if log.read {
			n++
		}
	}
	return n
}

// refused are the places of those that could not.
func (l listAnswer) refused() []int {
	var places []int
	for i, log := range l.logs {
		if log.asked && !log.read {
			places = append(places, i)
		}
	}
	return places
}
