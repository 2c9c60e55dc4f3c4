package snyksim

import (
	"slices"
	"testing"
	"time"
)

// TestAppendLate: delays from none to the whole lateness, by the seed, in the
// group's log too.
func TestAppendLate(t *testing.T) {
	delays := func(seed uint64) (*fixture, []time.Duration) {
		f := newFixture(t, Config{Seed: seed})
		recs := slices.Repeat([]Record{{Event: "org.edit", Group: InGroupWithOrg}}, 10)
		recs[3].Created = epoch.Add(-time.Hour)
		f.AppendLate(f.org.ID, 45*time.Second, recs...)
		var out []time.Duration
		for i, e := range f.Emitted(f.org.ID) {
			out = append(out, e.VisibleAt.Sub(e.Created))
			if twin := f.Emitted(f.org.GroupID)[i]; !twin.VisibleAt.Equal(e.VisibleAt) {
				t.Errorf("the group's shows at %v, the organization's at %v", twin.VisibleAt, e.VisibleAt)
			}
		}
		return f, out
	}
	f, first := delays(1)
	soon := stamp(epoch.Add(time.Second))
	if shown := len(f.search("to", soon).items(t)); shown != 1+1 { // the one from an hour ago, and the one without a delay
		t.Errorf("%d show at once", shown)
	}
	f.clock.advance(20 * time.Second)
	if shown := len(f.search("to", soon).items(t)); shown < 4 || shown > 6 {
		t.Errorf("%d show after 20 s", shown)
	}
	f.clock.advance(25 * time.Second)
	if shown := len(f.search("to", soon).items(t)); shown != 10 {
		t.Errorf("%d show in the end", shown)
	}
	_, again := delays(1)
	_, other := delays(2)
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Error("the delays do not follow the seed")
	}
	slices.Sort(first)
	for i, d := range first {
		if d != 5*time.Second*time.Duration(i) {
			t.Errorf("delay %d is %v", i, d)
		}
	}
	id := f.AppendLate(f.org.ID, time.Minute, Record{Event: "org.one"})
	if e := f.entries[id[0]]; e.rec.VisibleAt.Sub(e.created) != time.Minute {
		t.Errorf("one alone shows %v late", e.rec.VisibleAt.Sub(e.created))
	}
}

func TestTrickleShowsLate(t *testing.T) {
	f := newFixture(t, Config{})
	trickle, err := f.NewTrickle(TrickleConfig{ScopeIDs: []string{f.org.ID}, Lateness: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	trickle.Step(200)
	var latest time.Duration
	for _, e := range f.Emitted(f.org.ID) {
		latest = max(latest, e.VisibleAt.Sub(e.Created))
	}
	if latest < 8*time.Second || latest > 11*time.Second { // whole seconds cut an event's time
		t.Errorf("the latest shows %v late", latest)
	}
	if _, err := f.NewTrickle(TrickleConfig{ScopeIDs: []string{f.org.ID}, Lateness: -1}); err == nil {
		t.Error("a negative lateness passes")
	}
}
