package grpcapi_test

import (
	"strings"
	"testing"
	"testing/synctest"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// The gap of an entry without events that does not fit a message comes with the
// next one: no token may be after it before.
func TestStreamGapThatDoesNotFitComesNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams(t)
		s.put(fat(page("a", "large"), 982_000))
		// A gap that is larger than the room which is left.
		s.put(&entry{Entry: audit.Entry{SourceID: "a", Feed: orgFeed, Gaps: []*snykstreamv1.Gap{{
			SourceId: "a", Reason: strings.Repeat("R", 2000),
		}}}})
		req := earliest()
		req.StopWhenCaughtUp = true
		got, err := s.subscribe(t, req).all()
		if err != nil {
			t.Fatal(err)
		}
		gaps := 0
		for _, m := range got {
			gaps += len(m.GetGaps())
			if len(m.GetEvents()) == 0 || gaps > 0 {
				continue
			}
			again := resume(m.GetResumeToken())
			again.StopWhenCaughtUp = true
			rest, err := s.subscribe(t, again).all()
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, m := range rest {
				n += len(m.GetGaps())
			}
			if n != 1 {
				t.Errorf("whoever resumes with the token of the message before the gap gets %d gaps, want it", n)
			}
		}
		if gaps != 1 {
			t.Errorf("%d gaps come, want 1", gaps)
		}
	})
}
