package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// tenFaults are ten ways in which Snyk and the network fail audit requests, each
// at a request of its own, so that answers come through between them.
func tenFaults() []snyksim.Fault {
	history := func(r *http.Request) bool {
		from, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get("from"))
		return err == nil && time.Since(from) > time.Hour && snyksim.NoCursor(r)
	}
	faults := []snyksim.Fault{
		{Match: snyksim.Match{When: snyksim.HasCursor}, Effect: snyksim.RefuseCursor()},
		{Match: snyksim.Match{When: func(r *http.Request) bool { return !history(r) }}, Effect: snyksim.Unsorted()},
	}
	for i, effect := range []snyksim.Effect{
		snyksim.Status(http.StatusInternalServerError, snyksim.BodyHTML),
		snyksim.DropNext(),
		snyksim.Throttle(time.Second, snyksim.HintRetryAfter),
		snyksim.Reset(),
		snyksim.LoseAnswer(),
		snyksim.CutBody(0.5),
		snyksim.TruncateBody(0.3),
		snyksim.ShortPages(0), // in front of much that is still to be read
	} {
		faults = append(faults, snyksim.Fault{Match: snyksim.Match{When: history, Nth: 2*i + 1}, Effect: effect})
	}
	return faults
}

// TestTenKindsOfFault: whatever fails while 900 records are read, crowded instants
// and identical twins among them, each comes exactly once, and Snyk is not
// hammered for it.
func TestTenKindsOfFault(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 740, End: time.Now().Add(-2 * time.Hour)})
	crowd := time.Now().Add(-10 * 24 * time.Hour)
	for i := range 130 {
		h.Sim.Append(h.Org.ID, snyksim.Record{Created: crowd, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i/2)})
	}
	for i := range 30 {
		h.Sim.Append(h.Org.ID, snyksim.Record{Created: time.Now().Add(-time.Duration(i) * time.Second), Event: "org.edit", Content: fmt.Sprintf(`{"n":%d}`, i)})
	}
	for _, fault := range tenFaults() {
		fault.Match.Kinds, fault.Times = []snyksim.Kind{snyksim.KindOrgAudit}, 1
		h.Sim.Inject(fault)
	}
	h.Create("my-snyk")
	r := h.NewReader()
	records := func() servertest.Records {
		return servertest.Records{servertest.OrgFeed(h.Org.ID): h.Sim.Emitted(h.Org.ID)}
	}
	r.UntilAll(records)
	fired := func() map[string]int { return h.Sim.FaultsFired() }
	h.Eventually(func() bool { return len(fired()) == len(tenFaults()) }, func() {
		t.Errorf("of ten kinds of fault came %v", slices.Sorted(maps.Keys(fired())))
	})
	h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.edit", Content: `{"after":"all of it"}`})
	r.UntilAll(records)
	r.ExactFeeds(records())
	if n := h.Sim.Count(snyksim.KindOrgAudit); n >= 400 {
		t.Errorf("%d audit requests for 900 records", n)
	} else {
		t.Logf("%d audit requests; fired: %v", n, fired())
	}
}

// TestLateRecords: what shows up to eight seconds after its time, polls going on,
// comes exactly once, and is LATE where its time was read before.
func TestLateRecords(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	feed := servertest.OrgFeed(h.Org.ID)
	records := func() servertest.Records { return servertest.Records{feed: h.Sim.Emitted(h.Org.ID)} }
	r := h.NewReader()
	h.Sim.Append(h.Org.ID, snyksim.Record{Created: time.Now().Add(-time.Minute), Event: "org.edit"})
	h.Create("my-snyk")
	// What was read counts once something is stored.
	r.UntilAll(records)
	h.AwaitState("my-snyk", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	now := time.Now()
	var late []snyksim.Record
	for i := range 60 {
		n := i
		if i >= 48 {
			n -= 6 // identical to the one before in its instant, but for when it shows
		}
		late = append(late, snyksim.Record{
			Created: now.Add(-time.Duration(i%6) * 50 * time.Millisecond), // ten to an instant
			Event:   "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, n),
		})
	}
	h.Sim.AppendLate(h.Org.ID, 8*time.Second, late...)
	r.UntilAll(records)
	r.ExactFeeds(records())

	origins := map[snykstreamv1.Origin]int{}
	asked := readings(h)
	for _, event := range r.Events {
		origins[event.GetOrigin()]++
		shown, alone := shownAt(t, h, event)
		created := event.GetEventTime().AsTime()
		early := func(q reading) bool { return q.before(shown, created) }
		settled := func(q reading) bool { return early(q) && q.at.After(created.Add(settles)) }
		want := snykstreamv1.Origin_ORIGIN_LATE
		switch {
		case !alone || created.Before(now.Add(-time.Second)): // one of several, or the first of all
			continue
		case !slices.ContainsFunc(asked, early):
			want = snykstreamv1.Origin_ORIGIN_LIVE
		case !slices.ContainsFunc(asked, settled):
			continue // read so soon after its time that it need not count as read
		}
		if event.GetOrigin() != want {
			t.Errorf("%v of a record from %v, first shown at %v, asked for by %v", event.GetOrigin(), created, shown, asked)
		}
	}
	if origins[snykstreamv1.Origin_ORIGIN_LATE] < 10 {
		t.Errorf("origins %v: hardly anything was late", origins)
	}
	status := servertest.FeedOf(h.Source("my-snyk").GetStatus(), feed)
	if status.GetLateEvents() != uint64(origins[snykstreamv1.Origin_ORIGIN_LATE]) || status.GetLateness().AsDuration() < settles {
		t.Errorf("the status tells of %d late events, up to %v late; there were %v", status.GetLateEvents(), status.GetLateness().AsDuration(), origins)
	}
}

// settles is after what time an answer surely counts what is before it as read.
const settles = 3 * time.Second

// shownAt is when an answer first held the event's record; false for one of
// several identical ones that came at different times.
func shownAt(t *testing.T, h *servertest.House, event *snykstreamv1.Event) (at time.Time, alone bool) {
	t.Helper()
	alone = true
	for _, e := range h.Sim.Emitted(h.Org.ID) {
		if e.Raw != event.GetRawJson() {
			continue
		}
		alone = alone && (at.IsZero() || at.Equal(e.ShownAt))
		at = e.ShownAt
	}
	if at.IsZero() {
		t.Fatalf("%s was never shown", event.GetRawJson())
	}
	return at, alone
}
