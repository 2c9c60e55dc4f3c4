package grpcapi

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// readStreamRequest refuses what is wrong also where the rules of the proto were
// not held before it.
func TestReadStreamRequestRefuses(t *testing.T) {
	t.Parallel()
	type request = snykstreamv1.StreamEventsRequest
	token := func(text string) *request {
		return &request{Start: &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: text}}
	}
	tests := map[string]struct {
		req  *request
		want []string
	}{
		"nothing set":      {&request{}, nil},
		"empty token":      {token(""), []string{"resume_token"}},
		"long token":       {token(strings.Repeat("t", 4097)), []string{"resume_token"}},
		"longest token":    {token(strings.Repeat("t", 4096)), nil},
		"unknown position": {&request{Start: &snykstreamv1.StreamEventsRequest_Position{Position: 3}}, []string{"position"}},
		"no time": {
			&request{Start: &snykstreamv1.StreamEventsRequest_StartTime{StartTime: &timestamppb.Timestamp{Nanos: -1}}},
			[]string{"start_time"},
		},
		"small batch":      {&request{MaxBatchSize: -1}, []string{"max_batch_size"}},
		"large batch":      {&request{MaxBatchSize: 1001}, []string{"max_batch_size"}},
		"largest batch":    {&request{MaxBatchSize: 1000}, nil},
		"short interval":   {&request{HeartbeatInterval: durationpb.New(time.Second - 1)}, []string{"heartbeat_interval"}},
		"shortest":         {&request{HeartbeatInterval: durationpb.New(time.Second)}, nil},
		"longest":          {&request{HeartbeatInterval: durationpb.New(5 * time.Minute)}, nil},
		"long interval":    {&request{HeartbeatInterval: durationpb.New(5*time.Minute + 1)}, []string{"heartbeat_interval"}},
		"endless interval": {&request{HeartbeatInterval: &durationpb.Duration{Seconds: 1 << 60}}, []string{"heartbeat_interval"}},
		"unknown policy":   {&request{OnExpiredToken: 3}, []string{"on_expired_token"}},
		"all at once": {
			&request{MaxBatchSize: -1, OnExpiredToken: 3, Exclude: []*snykstreamv1.EventFilter{{}}},
			[]string{"max_batch_size", "on_expired_token", "exclude[0]"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := readStreamRequest(test.req, nil)
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Field)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("bad fields %q, want %q", got, test.want)
			}
		})
	}
}
