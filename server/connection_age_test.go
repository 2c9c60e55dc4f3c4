package server_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestConnectionAge: streams move to new connections as theirs age, each with its
// last token, and nothing is lost or repeated on the way.
func TestConnectionAge(t *testing.T) {
	t.Parallel()
	h := servertest.Unstarted(t)
	h.Config.MaxConnectionAge = time.Second
	h.Start()
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 300})
	h.Create("my-snyk")
	r := h.NewReader()
	seen := map[string]bool{}
	for turn := range 4 {
		h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf(`{"turn":%d}`, turn)})
		from := untilAged(t, h, r)
		if seen[from] {
			t.Errorf("turn %d ran over the connection %s, which had aged", turn, from)
		}
		seen[from] = true
	}
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))
}

// untilAged reads a stream until its connection ages, and returns the client's end
// of the connection.
func untilAged(t *testing.T, h *servertest.House, r *servertest.Reader) string {
	t.Helper()
	req := &snykstreamv1.StreamEventsRequest{
		IncludeRawJson: true, HeartbeatInterval: durationpb.New(5 * time.Minute),
		Start: &snykstreamv1.StreamEventsRequest_Position{Position: snykstreamv1.StartPosition_START_POSITION_EARLIEST},
	}
	if r.Token != "" {
		req.Start = &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: r.Token}
	}
	var connection peer.Peer
	stream, err := h.Events().StreamEvents(t.Context(), req, grpc.Peer(&connection))
	if err != nil {
		t.Fatal(err)
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			retry, reason := details(err)
			if status.Code(err) != codes.Unavailable || reason != "CONNECTION_AGED" || retry == nil {
				t.Fatalf("the stream ended with %v", err)
			}
			// What tells of nothing new is there for its token alone.
			if r.Last.GetHeartbeat() != nil || r.Last.GetResumeToken() == "" {
				t.Errorf("the last message is %v", r.Last)
			}
			return connection.LocalAddr.String()
		}
		r.Last, r.Token = message, message.GetResumeToken()
		r.Events = append(r.Events, message.GetEvents()...)
	}
}
