package grpcapi

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func get(t *testing.T, w *world) error {
	t.Helper()
	_, err := w.client.GetSource(t.Context(), &snykstreamv1.GetSourceRequest{SourceId: "some-id"})
	return err
}

func TestInternalErrorsGoToTheLogAlone(t *testing.T) {
	w := newWorld(t)
	w.sources.fail = errors.New("bucket 7 is corrupt")
	f := wantFailure(t, get(t, w), codes.Internal, "INTERNAL")
	if f.text != internalMessage {
		t.Errorf("the caller sees %q", f.text)
	}
	id := f.metadata["error_id"]
	if id == "" || !strings.Contains(w.log.String(), id) || strings.Count(w.log.String(), "bucket 7") != 1 {
		t.Errorf("the log should have the error once, with error_id %q:\n%s", id, w.log)
	}
}

func TestCausesGoToTheLogAlone(t *testing.T) {
	w := newWorld(t)
	w.sources.fail = &audit.Error{Kind: audit.KindUnavailable, Message: "the store is away", Cause: errors.New("no leader")}
	f := wantFailure(t, get(t, w), codes.Unavailable, "STORE_UNAVAILABLE")
	if strings.Contains(f.text, "no leader") || !strings.Contains(w.log.String(), "no leader") {
		t.Errorf("the caller sees %q, the log:\n%s", f.text, w.log)
	}
}

func TestPanicsStayInside(t *testing.T) {
	w := newWorld(t)
	w.checker.answer = func(context.Context, *snykstreamv1.SnykConfig) (*snykstreamv1.ValidateCredentialsResponse, error) {
		panic("the password is swordfish")
	}
	_, err := w.client.ValidateCredentials(t.Context(), &snykstreamv1.ValidateCredentialsRequest{
		Snyk: aSource().GetSnyk(), Credentials: aToken(),
	})
	f := wantFailure(t, err, codes.Internal, "INTERNAL")
	if f.text != internalMessage {
		t.Errorf("the caller sees %q", f.text)
	}
	if !strings.Contains(w.log.String(), "interceptors_test.go") {
		t.Errorf("the log has no stack:\n%s", w.log)
	}
}

// Something of ours that gave up is not the caller's deadline.
func TestInnerDeadlines(t *testing.T) {
	w := newWorld(t)
	w.sources.fail = context.DeadlineExceeded
	f := wantFailure(t, get(t, w), codes.Unavailable, "STORE_UNAVAILABLE")
	if f.retry == 0 {
		t.Error("no RetryInfo")
	}
}

// When the caller has gone, what the store says about it does not matter.
func TestCallersCancellation(t *testing.T) {
	guard := &guard{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := &audit.Error{Kind: audit.KindUnavailable, Message: "away", Cause: context.Canceled}
	wantFailure(t, guard.mapError(ctx, snykstreamv1.SourceService_GetSource_FullMethodName, err), codes.Canceled, "CANCELLED")
}

func TestCallsAreLogged(t *testing.T) {
	w := newWorld(t)
	_ = get(t, w)
	line := w.log.String()
	for _, want := range []string{"GetSource", "grpc.code=NotFound", "level=INFO"} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %q:\n%s", want, line)
		}
	}
	if strings.Contains(line, "some-id") {
		t.Errorf("the log has the request:\n%s", line)
	}
}
