package server_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestExactlyOnceUnderFaults is the property on the whole path, over a real
// listener and a real journal: whatever fails, and however often the server is
// stopped and started, what a careful subscriber reads is what Snyk showed.
func TestExactlyOnceUnderFaults(t *testing.T) {
	h := servertest.New(t)
	seed := uint64(time.Now().UnixNano())
	t.Log("seed ", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 400})
	h.Create("my-snyk")
	r := h.NewReader()
	h.Sim.Chaos(0.02)
	for round := range 8 {
		now := time.Now()
		for n := range dice.IntN(120) {
			h.Sim.Append(h.Org.ID, snyksim.Record{Created: now, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"round":%d,"n":%d}`, round, n/2)})
		}
		h.Sim.Append(h.Org.ID, snyksim.Record{
			Created: now, VisibleAt: now.Add(2 * time.Second), Event: "org.edit", Content: fmt.Sprintf(`{"late":%d}`, round),
		})
		have := len(r.Events)
		r.Until(func(r *servertest.Reader) bool { return len(r.Events) > have || dice.IntN(4) == 0 })
		h.Stop()
		h.Start()
	}
	h.Sim.ClearFaults()
	// A start asks at once, whatever the waits between tries have grown to.
	h.Stop()
	h.Start()
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))

	fired := h.Sim.FaultsFired()
	total := 0
	for _, name := range slices.Sorted(maps.Keys(fired)) {
		t.Logf("%5d %s", fired[name], name)
		total += fired[name]
	}
	if total == 0 {
		t.Error("no fault fired: the test shows nothing")
	}
}
