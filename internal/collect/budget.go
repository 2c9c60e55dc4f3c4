package collect

import (
	"sync"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// pollShare is the share of a credential's pace that polls may plan with. The
// rest is for answers that take more than one request, for history and for sweeps.
const pollShare = 0.75

// budget shares the pace of each credential among all feeds that use it.
type budget struct {
	mu sync.Mutex
	// needs are the requests a second that the feeds of an account ask for.
	needs map[account]float64
}

// account is what Snyk's limits are counted on.
type account struct {
	region     snykstreamv1.Region
	credential string
}

func accountOf(region snykstreamv1.Region, cred audit.Credential) account {
	return account{region, cred.Fingerprint()}
}

func newBudget() *budget { return &budget{needs: map[account]float64{}} }

// join counts a feed that makes so many requests every interval, until leave is
// called.
func (b *budget) join(of account, requests int, every time.Duration) (leave func()) {
	need := float64(requests) / every.Seconds()
	b.add(of, need)
	return func() { b.add(of, -need) }
}

func (b *budget) add(of account, need float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// A sum of differences is never quite nothing.
	if b.needs[of] += need; b.needs[of] < 1e-9 {
		delete(b.needs, of)
	}
}

// stretch is how many times longer than asked for the polls of an account must
// lie apart, 1 where its pace suffices.
func (b *budget) stretch(of account, pace float64) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(1, b.needs[of]/(pace*pollShare))
}
