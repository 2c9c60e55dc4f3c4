package grpcapi

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/filter"
)

// Bounds and defaults of a stream's settings, as the proto states them.
const (
	defaultBatch     = 256
	maxBatch         = 1000
	defaultHeartbeat = 10 * time.Second
	minHeartbeat     = time.Second
	maxHeartbeat     = 5 * time.Minute
	maxToken         = 4096
)

// streamRequest is a StreamEventsRequest, checked, with its defaults filled in.
type streamRequest struct {
	plan *filter.Plan
	// token and startTime say where to start where they are set, else earliest. A
	// pointer, since the zero time is a time that may be asked for.
	token     string
	startTime *time.Time
	earliest  bool
	// restart says to go on from the earliest entry, after a gap, where retention
	// has passed the position.
	restart  bool
	stop     bool
	raw      bool
	batch    int
	interval time.Duration
}

// readStreamRequest takes a request apart and names all that is wrong with it,
// whether or not the rules of the proto were held before.
func readStreamRequest(req *snykstreamv1.StreamEventsRequest, labels filter.Labels) (streamRequest, []audit.FieldProblem) {
	ask := streamRequest{stop: req.GetStopWhenCaughtUp(), raw: req.GetIncludeRawJson()}
	var problems []audit.FieldProblem
	bad := func(field, description string) {
		problems = append(problems, audit.FieldProblem{Field: field, Description: description})
	}

	switch start := req.GetStart().(type) {
	case *snykstreamv1.StreamEventsRequest_Position:
		if snykstreamv1.StartPosition_name[int32(start.Position)] == "" {
			bad("position", "must be START_POSITION_LATEST or START_POSITION_EARLIEST")
		}
		ask.earliest = start.Position == snykstreamv1.StartPosition_START_POSITION_EARLIEST
	case *snykstreamv1.StreamEventsRequest_StartTime:
		if !start.StartTime.IsValid() {
			bad("start_time", "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z")
		}
		ask.startTime = new(start.StartTime.AsTime())
	case *snykstreamv1.StreamEventsRequest_ResumeToken:
		if ask.token = start.ResumeToken; ask.token == "" || len(ask.token) > maxToken {
			bad("resume_token", "must be a token that a message of a stream carried")
		}
	}

	if ask.batch = int(req.GetMaxBatchSize()); ask.batch < 0 || ask.batch > maxBatch {
		bad("max_batch_size", "must be 1 to 1000, or 0 for 256")
	} else if ask.batch == 0 {
		ask.batch = defaultBatch
	}
	if ask.interval = defaultHeartbeat; req.GetHeartbeatInterval() != nil {
		ask.interval = req.GetHeartbeatInterval().AsDuration()
	}
	if ask.interval < minHeartbeat || ask.interval > maxHeartbeat {
		bad("heartbeat_interval", "must be 1s to 5m")
	}
	if snykstreamv1.ExpiredTokenPolicy_name[int32(req.GetOnExpiredToken())] == "" {
		bad("on_expired_token", "must be EXPIRED_TOKEN_POLICY_FAIL or EXPIRED_TOKEN_POLICY_EARLIEST")
	}
	ask.restart = req.GetOnExpiredToken() == snykstreamv1.ExpiredTokenPolicy_EXPIRED_TOKEN_POLICY_EARLIEST

	plan, inFilters := planOf(req, labels)
	ask.plan = plan
	return ask, append(problems, inFilters...)
}
