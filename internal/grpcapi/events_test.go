package grpcapi_test

import (
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/grpcapi"
)

func TestNewEventServiceNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := grpcapi.NewEventService(grpcapi.EventsConfig{}); err == nil {
		t.Error("a service without parts is made")
	}
}

func TestExplainFilterIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		_, err := s.client.ExplainFilter(t.Context(), &snykstreamv1.ExplainFilterRequest{})
		wantStatus(t, err, codes.Unimplemented, "NOT_YET_SUPPORTED")
	})
}
