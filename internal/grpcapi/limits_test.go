package grpcapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// TestBadFieldsFitATrailer: however much is wrong, the answer is one that every
// client takes, and says that there is more.
func TestBadFieldsFitATrailer(t *testing.T) {
	t.Parallel()
	s := newStreams(t)
	req := &request{}
	for range 64 {
		bad := &snykstreamv1.EventFilter{}
		for i := range 200 {
			bad.EventNames = append(bad.EventNames, fmt.Sprint("no name ", i))
		}
		req.Include = append(req.Include, bad)
	}
	_, err := s.subscribe(t, req).all()
	if status.Code(err) != codes.InvalidArgument {
		t.Fatalf("got %.300v", err)
	}
	if size := proto.Size(status.Convert(err).Proto()); size > 6<<10 {
		t.Errorf("the status takes %d bytes", size)
	}
	for _, detail := range status.Convert(err).Details() {
		bad, ok := detail.(*errdetails.BadRequest)
		if !ok {
			continue
		}
		named := bad.GetFieldViolations()
		last := named[len(named)-1].GetDescription()
		if len(named) < 10 || !strings.Contains(last, fmt.Sprintf("; %d more", 64*200-len(named))) {
			t.Errorf("%d violations, the last one %q", len(named), last)
		}
		return
	}
	t.Errorf("no field is named in %.300v", err)
}

// TestKeepaliveIsWelcome: a subscriber that looks after its connection as often as
// grpc-go lets it is not cut off, however little it is sent.
func TestKeepaliveIsWelcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, PermitWithoutStream: true}))
		req := earliest()
		req.HeartbeatInterval = durationpb.New(5 * time.Minute)
		sub := s.subscribe(t, req)
		time.Sleep(4 * time.Minute)
		s.put(page("a", "e1"))
		if ids := idsOf(sub.settled()); !slices.Equal(ids, []string{"e1"}) {
			t.Errorf("events %v, ended with %v", ids, sub.err)
		}
	})
}
