package journal

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// TestStateKeepsEveryField: what a feed knows survives the disk, a field that is
// added tomorrow included.
func TestStateKeepsEveryField(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	some := audit.Intervals{{Start: at, End: at.Add(time.Hour)}, {Start: at.Add(2 * time.Hour), End: at.Add(3 * time.Hour)}}
	want := audit.FeedState{
		IdentityVersion: 1, LastSequence: 2, LastEventTime: at.Add(1), CollectFrom: at.Add(2),
		Lanes: []audit.Lane{
			{Kind: audit.LaneDefault, Frontier: at.Add(3), Covered: some, SweepTime: at.Add(4)},
			{Kind: audit.LaneAPIAccess, Frontier: at.Add(5), Covered: some, SweepTime: at.Add(6)},
		},
		GroupID: "group", Lateness: 7, LatenessTime: at.Add(8), Late: 9, Rewritten: 10, Unreadable: 11,
		ClockLead: 12, Lost: some,
	}
	fields := reflect.ValueOf(want)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			t.Errorf("the test leaves %s empty", fields.Type().Field(i).Name)
		}
	}
	data, err := proto.Marshal(storeState(&want))
	if err != nil {
		t.Fatal(err)
	}
	var read stored.FeedState
	if err := proto.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, loadState(&read)); diff != "" {
		t.Error(diff)
	}
}
