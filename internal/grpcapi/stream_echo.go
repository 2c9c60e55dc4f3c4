package grpcapi

import (
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/filter"
)

// echoBytes bounds the filter that a heartbeat repeats: the message stays under
// 1 MiB with it.
const echoBytes = 900 << 10

// echo is what the first heartbeat repeats of the request, nil in later ones.
func (s *eventStream) echo() *snykstreamv1.AppliedFilter {
	if s.pulse.beats > 0 {
		return nil
	}
	return applied(s.ask.plan)
}

// applied is a filter as it was understood, left out where it is too large.
func applied(plan *filter.Plan) *snykstreamv1.AppliedFilter {
	include, exclude := plan.Understood()
	out := &snykstreamv1.AppliedFilter{Include: include, Exclude: exclude}
	if proto.Size(out) > echoBytes {
		return &snykstreamv1.AppliedFilter{Truncated: true}
	}
	return out
}
