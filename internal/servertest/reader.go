package servertest

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// patience is how long a test waits for what must come. It is no measurement.
const patience = 2 * time.Minute

// Reader reads a stream as a careful subscriber does: it acts on a message, keeps
// its token, and resumes from it whenever the stream breaks.
type Reader struct {
	house   *House
	sources []string
	Token   string
	Events  []*snykstreamv1.Event
	Gaps    []*snykstreamv1.Gap
	// Last is the last message.
	Last *snykstreamv1.StreamEventsResponse
}

// NewReader reads everything of some sources, or of all, from the beginning, raw
// records included.
func (h *House) NewReader(sources ...string) *Reader { return &Reader{house: h, sources: sources} }

func (r *Reader) request() *snykstreamv1.StreamEventsRequest {
	req := &snykstreamv1.StreamEventsRequest{IncludeRawJson: true, HeartbeatInterval: durationpb.New(time.Second)}
	if len(r.sources) > 0 {
		req.Include = []*snykstreamv1.EventFilter{{SourceIds: r.sources}}
	}
	if r.Token != "" {
		req.Start = &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: r.Token}
		return req
	}
	req.Start = &snykstreamv1.StreamEventsRequest_Position{Position: snykstreamv1.StartPosition_START_POSITION_EARLIEST}
	return req
}

// Until reads on until enough holds, over as many streams as it takes.
func (r *Reader) Until(enough func(*Reader) bool) {
	t := r.house.T
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !enough(r) {
		stream, err := r.house.Events().StreamEvents(ctx, r.request(), grpc.WaitForReady(true))
		for err == nil && !enough(r) {
			err = r.receive(stream)
		}
		if ctx.Err() != nil {
			t.Fatalf("waited for %d events' successors in vain; last message %v", len(r.Events), r.Last)
		}
		if err != nil && status.Code(err) != codes.Unavailable {
			t.Fatalf("the stream ended with %v", err)
		}
	}
}

func (r *Reader) receive(stream grpc.ServerStreamingClient[snykstreamv1.StreamEventsResponse]) error {
	message, err := stream.Recv()
	if err != nil {
		return err
	}
	r.Last = message
	r.Events = append(r.Events, message.GetEvents()...)
	r.Gaps = append(r.Gaps, message.GetGaps()...)
	r.Token = message.GetResumeToken()
	return nil
}

// Has says that so many events are there, and then some time to tell of more.
func Has(n int) func(*Reader) bool {
	return func(r *Reader) bool { return len(r.Events) >= n && r.Last.GetCaughtUp() }
}
