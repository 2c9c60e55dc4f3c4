package grpcapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// taker is a subscriber that takes at its own pace, goes away and comes back with
// its last token.
type taker struct {
	name string
	raw  bool
	// pace is the longest it takes for a message, patience the most messages it takes
	// before it goes away.
	pace     time.Duration
	patience int
	dice     *rand.Rand

	got []*event
	// holes are the numbers of events that were got when a loss to retention was told.
	holes []int
}

// take takes until it has caught up with what is stored when written ends.
func (k *taker) take(ctx, written context.Context, s *realStreams) error {
	req := earliest()
	req.IncludeRawJson = k.raw
	req.OnExpiredToken = snykstreamv1.ExpiredTokenPolicy_EXPIRED_TOKEN_POLICY_EARLIEST
	if k.name != "" {
		req.Include = only(k.name)
	}
	for {
		req.MaxBatchSize = int32(1 + k.dice.IntN(400))
		visit, leave := context.WithCancel(ctx)
		if req.StopWhenCaughtUp = written.Err() != nil; !req.GetStopWhenCaughtUp() {
			context.AfterFunc(written, leave)
		}
		token, err := k.visit(visit, s, req)
		leave()
		switch {
		case err != nil && (status.Code(err) != codes.Canceled || written.Err() == nil):
			return err
		case token != "":
			req.Start = &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: token}
		}
		if err == nil && req.GetStopWhenCaughtUp() {
			return nil
		}
	}
}

// visit is one call. Its token is after all that was got, empty if nothing came.
func (k *taker) visit(ctx context.Context, s *realStreams, req *request) (token string, err error) {
	stream, err := s.client.StreamEvents(ctx, req)
	if err != nil {
		return "", err
	}
	for n := 0; req.GetStopWhenCaughtUp() || n < k.patience; n++ {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return token, nil
		}
		if err != nil {
			return token, err
		}
		token = m.GetResumeToken()
		for _, gap := range m.GetGaps() {
			if gap.GetReason() != audit.GapRetention {
				return "", fmt.Errorf("gap %v", gap)
			}
			k.holes = append(k.holes, len(k.got))
		}
		k.got = append(k.got, m.GetEvents()...)
		if k.pace > 0 && !req.GetStopWhenCaughtUp() {
			time.Sleep(rand.N(k.pace))
		}
	}
	return token, nil
}

// check holds what was got to what was appended: the same, in order, but for what
// was told to be lost.
func (k *taker) check(s *realStreams) error {
	var all []audit.Record
	for _, sequence := range slices.Sorted(maps.Keys(s.appended)) {
		for _, r := range s.appended[sequence] {
			if wanted(r, k.name) {
				all = append(all, r)
			}
		}
	}
	at := 0
	for i, got := range k.got {
		next := slices.IndexFunc(all[at:], func(r audit.Record) bool {
			return r.Event.GetId() == got.GetId()
		})
		if next < 0 {
			return fmt.Errorf("%s comes as event %d, which is none of those to come", got.GetId(), i)
		}
		if next > 0 && !slices.Contains(k.holes, i) {
			return fmt.Errorf("%d events before %s are missing, and nothing says so", next, got.GetId())
		}
		at += next
		if want := slowly(all[at], k.raw); !proto.Equal(want, got) {
			return fmt.Errorf("event %d is\n%v, want\n%v", i, got, want)
		}
		at++
	}
	if at < len(all) && !slices.Contains(k.holes, len(k.got)) {
		return fmt.Errorf("the last %d events are missing", len(all)-at)
	}
	return nil
}

// TestDeliveredEqualsStored: whatever is appended by several collectors at a time,
// every subscriber gets what its filter lets through, once, in order, as it was
// stored, however slow it is and however often it goes away; what retention takes
// before a subscriber reads it is told.
func TestDeliveredEqualsStored(t *testing.T) {
	t.Parallel()
	for name, retention := range map[string]time.Duration{"all is kept": time.Hour, "retention overtakes": 500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRealStreams(t, retention)
			seed := rand.Uint64()
			t.Log("seed", seed)
			takers := []*taker{
				{patience: 1000},
				{patience: 20, name: "x"},
				{patience: 3, raw: true},
				{patience: 50, pace: 20 * time.Millisecond, name: "y", raw: true},
				{patience: 5, pace: 200 * time.Millisecond},
				{patience: 1, pace: 5 * time.Millisecond, name: "never"},
			}
			written, finish := context.WithCancel(t.Context())
			group, ctx := errgroup.WithContext(t.Context())
			for i, k := range takers {
				k.dice = rand.New(rand.NewPCG(seed, uint64(i)))
				group.Go(func() error {
					if err := k.take(ctx, written, s); err != nil {
						return fmt.Errorf("subscriber %d: %w", i, err)
					}
					return nil
				})
			}
			var writers errgroup.Group
			for i, source := range []string{"a", "b", "c"} {
				dice := rand.New(rand.NewPCG(seed, uint64(100+i)))
				writers.Go(func() error { return s.write(source, 200, dice) })
			}
			writing := writers.Wait()
			finish()
			if err := errors.Join(writing, group.Wait()); err != nil {
				t.Fatal(err)
			}
			lost := 0
			for i, k := range takers {
				lost += len(k.holes)
				if err := k.check(s); err != nil {
					t.Errorf("subscriber %d: %v", i, err)
				}
			}
			if retention == time.Hour && lost > 0 {
				t.Errorf("%d losses though all is kept", lost)
			}
			t.Logf("%d entries, %d losses told", len(s.appended), lost)
		})
	}
}
