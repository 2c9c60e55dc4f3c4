package grpcapi

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// quotaRetry is when a caller with too many streams may try again. Streams last, so
// sooner would seldom help.
const quotaRetry = 10 * time.Second

// Refusals counts what callers were refused.
type Refusals interface {
	// StreamRefused counts a stream of a caller who has as many as one may have.
	StreamRefused()
}

// quota bounds the streams that each caller has under way. Those of health and
// reflection count apart: they are as many, and take none of the caller's own.
type quota struct {
	most     int
	refusals Refusals

	mu sync.Mutex
	// open counts streams, under mu. Who has none is not in it.
	open map[holder]int
}

// holder has streams: of our own services, or of gRPC's.
type holder struct {
	caller caller
	ours   bool
}

func newQuota(most int, refusals Refusals) *quota {
	return &quota{most: most, refusals: refusals, open: make(map[holder]int)}
}

// stream is the interceptor. A stream counts from its opening, whether it ever
// sends a request or not, and until its handler has ended, however it ends.
func (q *quota) stream(srv any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	who := holder{callerOf(stream.Context()), ours(call.FullMethod)}
	if !q.take(who) {
		if q.refusals != nil {
			q.refusals.StreamRefused()
		}
		return q.exceeded(who)
	}
	defer q.give(who)
	return handler(srv, stream)
}

func (q *quota) take(who holder) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open[who] >= q.most {
		return false
	}
	q.open[who]++
	return true
}

func (q *quota) give(who holder) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open[who]--
	if q.open[who] == 0 {
		delete(q.open, who)
	}
}

// exceeded tells a caller how it was counted too: many callers behind one proxy
// are one host.
func (q *quota) exceeded(who holder) error {
	kind := "streams"
	if !who.ours {
		kind = "streams of health and reflection (each grpcurl without -proto has one)"
	}
	return &audit.Error{
		Kind: audit.KindExhausted, Reason: snykstreamv1.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED,
		Message: fmt.Sprintf("the caller, counted by its %s, has %d %s, as many as one may have: "+
			"close some, let their readers share one, or have --max-streams-per-caller raised", who.caller.by, q.most, kind),
		RetryAfter: quotaRetry,
		Metadata:   map[string]string{"limit": strconv.Itoa(q.most), "counted_by": who.caller.by},
	}
}
