package grpcapi_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestStreamStartsWhereItIsTold(t *testing.T) {
	t.Parallel()
	position := func(p snykstreamv1.StartPosition) *request {
		return &request{Start: &snykstreamv1.StreamEventsRequest_Position{Position: p}}
	}
	at := func(age time.Duration) *request {
		return &request{Start: &snykstreamv1.StreamEventsRequest_StartTime{StartTime: timestamppb.New(time.Now().Add(-age))}}
	}
	// Three pages of two events are stored, a minute apart, the last one now.
	tests := map[string]struct {
		req  func(s *streams) *request
		want []string
	}{
		"nothing is set":      {func(*streams) *request { return &request{} }, names("e", 7, 7)},
		"unspecified":         {func(*streams) *request { return position(0) }, names("e", 7, 7)},
		"latest":              {func(*streams) *request { return position(1) }, names("e", 7, 7)},
		"earliest":            {func(*streams) *request { return position(2) }, names("e", 1, 7)},
		"a time between":      {func(*streams) *request { return at(90 * time.Second) }, names("e", 3, 7)},
		"an event's own time": {func(*streams) *request { return at(time.Minute) }, names("e", 3, 7)},
		"a time to come":      {func(*streams) *request { return at(-time.Hour) }, names("e", 7, 7)},
		"the first time":      {func(*streams) *request { return at(1000 * time.Hour) }, names("e", 1, 7)},
		"the zero time": {
			func(*streams) *request {
				return &request{Start: &snykstreamv1.StreamEventsRequest_StartTime{StartTime: timestamppb.New(time.Time{})}}
			},
			names("e", 1, 7),
		},
		"a token": {
			func(s *streams) *request { return resume(s.Token(s.entries[1].After(2))) },
			names("e", 5, 7),
		},
		"a token inside an entry": {
			func(s *streams) *request { return resume(s.Token(s.entries[1].After(1))) },
			names("e", 4, 7),
		},
		"the token of the end": {
			func(s *streams) *request { return resume(s.Token(s.entries[2].After(2))) },
			names("e", 7, 7),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				s.put(page("a", "e1", "e2"))
				time.Sleep(time.Minute)
				s.put(page("a", "e3", "e4"))
				time.Sleep(time.Minute)
				s.put(page("a", "e5", "e6"))
				sub := s.subscribe(t, test.req(s))
				sub.settled()
				s.put(page("a", "e7"))
				got := sub.settled()
				if ids := idsOf(got); !slices.Equal(ids, test.want) {
					t.Errorf("events %v, want %v", ids, test.want)
				}
				if got[0].GetHeartbeat() == nil || got[0].GetResumeToken() == "" || got[0].at != 0 {
					t.Errorf("the first message has no heartbeat or token, or does not come at once:\n%s", describe(got))
				}
			})
		})
	}
}

func TestStreamNamesEveryBadField(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		req := resume(strings.Repeat("t", 5000))
		req.Include = []*snykstreamv1.EventFilter{{}, {UserIds: []string{"u", ""}}}
		req.Exclude = []*snykstreamv1.EventFilter{{}, {Expression: "true &&"}}
		req.MaxBatchSize, req.HeartbeatInterval, req.OnExpiredToken = 1001, seconds(301), 9
		got, err := s.subscribe(t, req).all()
		if len(got) > 0 {
			t.Errorf("messages come:\n%s", describe(got))
		}
		wantStatus(t, err, codes.InvalidArgument, "INVALID_FIELD")
		var fields []string
		for _, detail := range status.Convert(err).Details() {
			if bad, ok := detail.(*errdetails.BadRequest); ok {
				for _, v := range bad.GetFieldViolations() {
					fields = append(fields, v.GetField())
				}
			}
		}
		slices.Sort(fields)
		want := []string{
			"exclude[0]", "exclude[1].expression", "heartbeat_interval", "include[1].user_ids[1]",
			"max_batch_size", "on_expired_token", "resume_token",
		}
		if !slices.Equal(fields, want) {
			t.Errorf("fields %q, want %q", fields, want)
		}
		if s.opened != 0 {
			t.Error("a refused call counts as a stream")
		}
	})
}

func TestStreamRefuses(t *testing.T) {
	t.Parallel()
	position := func(p snykstreamv1.StartPosition) *request {
		return &request{Start: &snykstreamv1.StreamEventsRequest_Position{Position: p}}
	}
	// Of four entries the first two are gone.
	tests := map[string]struct {
		req    func(s *streams) *request
		code   codes.Code
		reason string
	}{
		"position":  {func(*streams) *request { return position(3) }, codes.InvalidArgument, "INVALID_FIELD"},
		"no token":  {func(*streams) *request { return resume("") }, codes.InvalidArgument, "INVALID_FIELD"},
		"interval":  {func(*streams) *request { return &request{HeartbeatInterval: &durationpb.Duration{Nanos: 999_999_999}} }, codes.InvalidArgument, "INVALID_FIELD"},
		"no time":   {func(*streams) *request { return &request{HeartbeatInterval: &durationpb.Duration{}} }, codes.InvalidArgument, "INVALID_FIELD"},
		"batch":     {func(*streams) *request { return &request{MaxBatchSize: -1} }, codes.InvalidArgument, "INVALID_FIELD"},
		"forged":    {func(*streams) *request { return resume("forged") }, codes.InvalidArgument, "TOKEN_INVALID"},
		"expired":   {func(s *streams) *request { return resume(s.Token(s.entries[0].After(1))) }, codes.OutOfRange, "TOKEN_EXPIRED"},
		"ahead":     {func(s *streams) *request { return resume(s.Token(audit.Position{Sequence: 5, Whole: true})) }, codes.OutOfRange, "TOKEN_AHEAD"},
		"elsewhere": {func(s *streams) *request { return resume("3 0 true 3 other.") }, codes.OutOfRange, "TOKEN_AHEAD"},
		"ahead, whatever is wanted of what expired": {
			func(s *streams) *request {
				req := resume(s.Token(audit.Position{Sequence: 5, Whole: true}))
				req.OnExpiredToken = snykstreamv1.ExpiredTokenPolicy_EXPIRED_TOKEN_POLICY_EARLIEST
				return req
			},
			codes.OutOfRange, "TOKEN_AHEAD",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStreams(t)
				for _, id := range names("e", 1, 4) {
					s.put(page("a", id))
				}
				req := test.req(s)
				s.expire(3)
				got, err := s.subscribe(t, req).all()
				if len(got) > 0 {
					t.Errorf("messages come:\n%s", describe(got))
				}
				info := wantStatus(t, err, test.code, test.reason)
				if oldest := info.GetMetadata()["oldest_resume_token"]; test.code == codes.OutOfRange {
					sub := s.subscribe(t, resume(oldest))
					if ids := idsOf(sub.settled()); !slices.Equal(ids, names("e", 3, 4)) {
						t.Errorf("oldest_resume_token leads to %v", ids)
					}
				}
			})
		})
	}
}

func TestStreamAfterExpiredToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for _, id := range names("e", 1, 4) {
			s.put(page("a", id))
		}
		req := resume(s.Token(s.entries[0].After(1)))
		req.OnExpiredToken = snykstreamv1.ExpiredTokenPolicy_EXPIRED_TOKEN_POLICY_EARLIEST
		s.expire(3)
		got := s.subscribe(t, req).settled()
		if ids := idsOf(got); !slices.Equal(ids, names("e", 3, 4)) {
			t.Errorf("events %v", ids)
		}
		first := got[0]
		if len(first.GetGaps()) != 1 || first.GetGaps()[0].GetReason() != "RETENTION_PASSED" || first.GetGaps()[0].GetRecoverable() ||
			len(first.GetEvents()) > 0 || first.GetHeartbeat() == nil {
			t.Errorf("the first message is not a heartbeat with the gap:\n%s", describe(got))
		}
		again := s.subscribe(t, resume(first.GetResumeToken())).settled()
		if ids := idsOf(again); !slices.Equal(ids, names("e", 3, 4)) {
			t.Errorf("the gap's token leads to %v", ids)
		}
	})
}

func TestStreamOvertakenByRetention(t *testing.T) {
	t.Parallel()
	// Each entry takes the reader a second; retention takes the first four
	// while it is at the third.
	overtake := func(t *testing.T, s *streams, req *request) ([]arrival, *subscriber) {
		t.Helper()
		s.change(func() { s.pace = time.Second })
		for _, id := range names("e", 1, 6) {
			s.put(page("a", id))
		}
		sub := s.subscribe(t, req)
		time.Sleep(2500 * time.Millisecond)
		s.expire(5)
		time.Sleep(time.Minute)
		return sub.settled(), sub
	}
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			got, sub := overtake(t, s, earliest())
			if ids := idsOf(got); !slices.Equal(ids, names("e", 1, 2)) {
				t.Errorf("events %v come before the error, want those that were read", ids)
			}
			wantStatus(t, sub.err, codes.OutOfRange, "TOKEN_EXPIRED")
		})
	})
	t.Run("fails before what was read is sent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			for _, id := range names("e", 1, 6) {
				s.put(page("a", id))
			}
			looks := 0
			s.onNext = func() {
				if looks++; looks == 3 {
					s.expire(5)
				}
			}
			got, err := s.subscribe(t, earliest()).all()
			if ids := idsOf(got); !slices.Equal(ids, names("e", 1, 2)) {
				t.Errorf("events %v come before the error, want those that were read", ids)
			}
			wantStatus(t, err, codes.OutOfRange, "TOKEN_EXPIRED")
		})
	})
	t.Run("goes on after a gap", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			req := earliest()
			req.OnExpiredToken = snykstreamv1.ExpiredTokenPolicy_EXPIRED_TOKEN_POLICY_EARLIEST
			got, _ := overtake(t, s, req)
			var seen []string
			for _, m := range got {
				seen = append(seen, idsOf([]arrival{m})...)
				for _, gap := range m.GetGaps() {
					seen = append(seen, gap.GetReason())
				}
			}
			if want := []string{"e1", "e2", "RETENTION_PASSED", "e5", "e6"}; !slices.Equal(seen, want) {
				t.Errorf("the stream shows %v, want %v", seen, want)
			}
		})
	})
}

// Retention may take the earliest entry between the moment it is looked up and
// the moment it is read.
func TestStreamEarliestThatIsGoneWhenRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		for _, id := range names("e", 1, 6) {
			s.put(page("a", id))
		}
		looks := 0
		s.onNext = func() {
			if looks++; looks <= 2 {
				s.expire(uint64(looks) + 1)
			}
		}
		got := s.subscribe(t, earliest()).settled()
		if ids := idsOf(got); !slices.Equal(ids, names("e", 3, 6)) {
			t.Errorf("events %v", ids)
		}
		for _, m := range got {
			if len(m.GetGaps()) > 0 {
				t.Errorf("a gap is told though nothing was promised:\n%s", describe(got))
			}
		}
	})
	t.Run("for ever", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newStreams(t)
			for _, id := range names("e", 1, 20) {
				s.put(page("a", id))
			}
			first := uint64(1)
			s.onNext = func() { first++; s.expire(first) }
			_, err := s.subscribe(t, earliest()).all()
			wantStatus(t, err, codes.OutOfRange, "TOKEN_EXPIRED")
		})
	})
}
