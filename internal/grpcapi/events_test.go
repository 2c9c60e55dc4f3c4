package grpcapi_test

import (
	"testing"

	"github.com/snykstream/snykstream/internal/grpcapi"
)

func TestNewEventServiceNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := grpcapi.NewEventService(grpcapi.EventsConfig{}); err == nil {
		t.Error("a service without parts is made")
	}
}
