package grpcapi_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/grpcapi"
)

const (
	retention = 100 * time.Hour
	// warned is when less than this is left.
	warned = retention / 10
)

func withRetention(cfg *grpcapi.EventsConfig) { cfg.Retention = retention }

// A subscriber that reads a message an hour is warned when the events it has not
// read are about to go, and no longer once it has caught up.
func TestStreamWarnsOfRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreamsWith(t, withRetention)
		for i := range 40 {
			s.put(fat(page("a", fmt.Sprint("e", i)), 700_000))
		}
		stored := time.Now()
		time.Sleep(retention - warned - 20*time.Hour)
		req := resume(s.Token(audit.Position{Whole: true}))
		req.HeartbeatInterval = seconds(1)
		stream, err := s.client.StreamEvents(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		warnings, behind := 0, 0
		for caughtUp := false; !caughtUp; {
			m, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			caughtUp = m.GetCaughtUp()
			beat := m.GetHeartbeat()
			if beat == nil {
				time.Sleep(time.Hour)
				continue
			}
			sent := beat.GetTime().AsTime()
			left := retention - sent.Sub(stored)
			warning := beat.GetRetentionWarning()
			if late := !caughtUp && left < warned && beat.GetLagTime() != nil; (warning != nil) != late {
				t.Errorf("a heartbeat with %v left, caught up %t, has the warning %v", left, caughtUp, warning)
			}
			if warning == nil {
				behind++
				continue
			}
			warnings++
			if got := warning.GetTimeLeft().AsDuration(); got != max(left, 0) || !warning.GetOldestIngestTime().AsTime().Equal(stored) {
				t.Errorf("the warning is %v, want %v left of what was stored at %v", warning, left, stored)
			}
		}
		if warnings == 0 || behind < 2 {
			t.Errorf("%d heartbeats warn, %d do not: the test shows nothing", warnings, behind)
		}
	})
}

// A stream that starts at the oldest event and draws away from it is not warned.
func TestStreamFromTheEdgeIsNotWarned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreamsWith(t, withRetention)
		for i := range 100 {
			s.put(fat(page("a", fmt.Sprint("e", i)), 700_000))
			time.Sleep(time.Hour)
		}
		req := earliest()
		req.HeartbeatInterval = seconds(1)
		stream, err := s.client.StreamEvents(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for caughtUp := false; !caughtUp; time.Sleep(1500 * time.Millisecond) {
			m, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			caughtUp = m.GetCaughtUp()
			if w := m.GetHeartbeat().GetRetentionWarning(); w != nil {
				t.Fatalf("warned: %v", w)
			}
		}
	})
}
