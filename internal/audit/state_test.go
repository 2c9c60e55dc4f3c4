package audit

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFeedStateLane(t *testing.T) {
	var state FeedState
	state.Lane(LaneAPIAccess).Frontier = ms(1)
	state.Lane(LaneDefault).Frontier = ms(2)
	state.Lane(LaneAPIAccess).SweepTime = ms(3)
	want := []Lane{{Kind: LaneAPIAccess, Frontier: ms(1), SweepTime: ms(3)}, {Kind: LaneDefault, Frontier: ms(2)}}
	if diff := cmp.Diff(want, state.Lanes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A page's state is a clone: going on with the feed must not change it.
func TestFeedStateClone(t *testing.T) {
	var state FeedState
	lane := state.Lane(LaneDefault)
	lane.Covered = span(1, 5)
	clone := state.Clone()
	lane.Frontier = ms(9)
	lane.Covered = lane.Covered.Add(Interval{ms(4), ms(9)})
	state.Lane(LaneAPIAccess)
	if diff := cmp.Diff([]Lane{{Kind: LaneDefault, Covered: span(1, 5)}}, clone.Lanes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFeedStateLedger(t *testing.T) {
	var state FeedState
	state.Lane(LaneAPIAccess).Frontier = ms(1)
	if got := state.Ledger(LaneAPIAccess); !got.Frontier.Equal(ms(1)) {
		t.Errorf("got %v", got)
	}
	if got := state.Ledger(LaneDefault); got.Kind != LaneDefault || len(state.Lanes) != 1 {
		t.Errorf("asking made a lane: %v, %v", got, state.Lanes)
	}
}

func TestFeedStateLateness(t *testing.T) {
	type late struct {
		by    time.Duration
		after time.Duration // since the start
	}
	tests := map[string]struct {
		seen          []late
		want, overlap time.Duration
	}{
		"none":              {nil, 0, 5 * time.Minute},
		"a little":          {[]late{{time.Minute, 0}}, time.Minute, 5 * time.Minute},
		"more":              {[]late{{10 * time.Minute, 0}}, 10 * time.Minute, 20 * time.Minute},
		"the longest":       {[]late{{10 * time.Minute, 0}, {time.Minute, time.Hour}}, 10 * time.Minute, 20 * time.Minute},
		"forgotten":         {[]late{{10 * time.Minute, 0}, {4 * time.Minute, 25 * time.Hour}}, 4 * time.Minute, 8 * time.Minute},
		"remembered anew":   {[]late{{10 * time.Minute, 0}, {10 * time.Minute, 20 * time.Hour}, {4 * time.Minute, 40 * time.Hour}}, 10 * time.Minute, 20 * time.Minute},
		"a day":             {[]late{{24 * time.Hour, 0}}, 24 * time.Hour, time.Hour},
		"more than doubles": {[]late{{math.MaxInt64, 0}}, math.MaxInt64, time.Hour},
		"ahead of its time": {[]late{{-time.Hour, 0}}, -time.Hour, 5 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var state FeedState
			for _, l := range test.seen {
				state.SawLate(l.by, at.Add(l.after))
			}
			if state.Lateness != test.want || state.Overlap() != test.overlap {
				t.Errorf("lateness %v, overlap %v", state.Lateness, state.Overlap())
			}
		})
	}
}

func TestFeedStateHoles(t *testing.T) {
	state := FeedState{CollectFrom: ms(0), Lost: span(0, 1, 9, 20)}
	lane := state.Lane(LaneDefault)
	if got := state.Holes(LaneDefault); len(got) != 0 {
		t.Errorf("before the first poll: %v", got)
	}
	lane.Frontier, lane.Covered = ms(12), span(2, 4, 6, 9, 11, 12)
	if diff := cmp.Diff(span(1, 2, 4, 6), state.Holes(LaneDefault)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(span(2, 4, 6, 9, 11, 12), lane.Covered); diff != "" {
		t.Errorf("the ledger was changed:\n%s", diff)
	}
}
