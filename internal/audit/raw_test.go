package audit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// full is an event with every field set.
func full(t *testing.T) *snykstreamv1.Event {
	t.Helper()
	event := Normalise(ReadRecord(withContent(`{"a":"ann@example.com"}`)), orgSetting())
	event.IngestTime = timestamppb.New(at.Add(time.Second))
	event.Names = &snykstreamv1.Names{User: "Ann"}
	event.Sequence, event.Origin, event.Truncated = 7, snykstreamv1.Origin_ORIGIN_LIVE, true
	event.RawJson, event.RawBytes = "own", []byte("own")
	event.Indicators.Usernames = []string{"u"}
	event.ProtoReflect().SetUnknown([]byte{0xf8, 0x7f, 0x01})
	fields := event.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); field.Name() != "group_audit" && !event.ProtoReflect().Has(field) {
			t.Errorf("%s is not set: set it here", field.Name())
		}
	}
	return event
}

func TestAttachRaw(t *testing.T) {
	tests := map[string]struct {
		raw  []byte
		want func(*snykstreamv1.Event)
	}{
		"text":      {[]byte(`{"a":"é"}`), func(e *snykstreamv1.Event) { e.RawJson, e.RawBytes = `{"a":"é"}`, nil }},
		"bytes":     {[]byte("{\"a\":\"\xff\"}"), func(e *snykstreamv1.Event) { e.RawJson, e.RawBytes = "", []byte("{\"a\":\"\xff\"}") }},
		"nothing":   {nil, func(*snykstreamv1.Event) {}},
		"too large": {make([]byte, MaxAttachedBytes+1), func(e *snykstreamv1.Event) { e.Truncated = true }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			event := full(t)
			event.Truncated = false
			before := proto.CloneOf(event)
			want := proto.CloneOf(event)
			test.want(want)
			got := AttachRaw(event, test.raw)
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, event, protocmp.Transform()); diff != "" {
				t.Errorf("the shared event was changed: -before +after:\n%s", diff)
			}
			if got.GetOrgAudit() != event.GetOrgAudit() {
				t.Error("the record was copied")
			}
		})
	}
}

// A largest event with the largest raw bytes still fits a client's default.
func TestBoundsFitAMessage(t *testing.T) {
	const clientDefault, room = 4 << 20, 64 << 10
	if MaxEventBytes+MaxAttachedBytes+room > clientDefault {
		t.Errorf("%d bytes", MaxEventBytes+MaxAttachedBytes+room)
	}
}
