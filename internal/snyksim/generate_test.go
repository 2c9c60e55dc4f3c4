package snyksim

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func generated(t *testing.T, seed uint64, n int) (*fixture, []Emitted) {
	t.Helper()
	f := newFixture(t, Config{Seed: seed})
	f.Generate(f.org.ID, History{Records: n})
	return f, f.Emitted(f.org.ID)
}

func TestGenerateFollowsTheSeed(t *testing.T) {
	_, a := generated(t, 7, 500)
	_, b := generated(t, 7, 500)
	_, c := generated(t, 8, 500)
	if !slices.Equal(raws(a), raws(b)) {
		t.Error("the same seed made other records")
	}
	if slices.Equal(raws(a), raws(c)) {
		t.Error("another seed made the same records")
	}
}

func TestGeneratedHistoryIsRealistic(t *testing.T) {
	const n = 5000
	f, all := generated(t, 1, n)
	if len(all) != n {
		t.Fatalf("%d records", len(all))
	}
	var instants, twins, whole, machine, office int
	shapes := map[string]bool{}
	events := map[string]int{}
	for i, e := range all {
		var r struct {
			Created string          `json:"created"`
			Event   string          `json:"event"`
			OrgID   string          `json:"org_id"`
			UserID  string          `json:"user_id"`
			Content json.RawMessage `json:"content"`
		}
		if err := json.Unmarshal([]byte(e.Raw), &r); err != nil {
			t.Fatalf("%s: %v", e.Raw, err)
		}
		if r.OrgID != f.org.ID || strings.Contains(e.Raw, "group_id") {
			t.Fatalf("ids of %s", e.Raw)
		}
		events[r.Event]++
		if i > 0 && e.Created.Equal(all[i-1].Created) {
			instants++
			if e.Raw == all[i-1].Raw {
				twins++
			}
		}
		if !strings.Contains(r.Created, ".") {
			whole++
		}
		if r.UserID == "" {
			machine++
		}
		if h := e.Created.Hour(); h >= 7 && h < 20 {
			office++
		}
		if r.Event == "org.user.role.edit" && len(r.Content) > len("{}") {
			var m map[string]json.RawMessage
			if err := json.Unmarshal(r.Content, &m); err != nil {
				t.Fatal(err)
			}
			keys := make([]string, 0, len(m))
			for k, v := range m {
				keys = append(keys, k+string(v[0]))
			}
			slices.Sort(keys)
			shapes[strings.Join(keys, " ")] = true
		}
	}
	if instants < n/50 || twins < n/500 || whole < n/50 || machine < n/20 || office < n*3/4 {
		t.Errorf("shared instants %d, twins %d, whole seconds %d, machines %d, office hours %d", instants, twins, whole, machine, office)
	}
	if len(shapes) != 5 || len(events) < 70 {
		t.Errorf("%d shapes of role changes, %d names", len(shapes), len(events))
	}
	text := strings.Join(raws(all), "\n")
	for what, mark := range map[string]string{
		"an empty name": `{"":"`, "a live link": "https://app.snyk.io/invite/link/accept", "a big integer": `"snapshotId":900`,
		"a licence policy": `"licenses":{"`, "unescaped html": "<main> & test",
	} {
		if !strings.Contains(text, mark) {
			t.Errorf("no record with %s", what)
		}
	}
	if oldest := all[0].Created; epoch.Sub(oldest) < 80*24*time.Hour || epoch.Sub(oldest) > 90*24*time.Hour {
		t.Errorf("oldest %v", oldest)
	}
	if items, _ := f.readAll("sort_order", "ASC", "from", stamp(all[0].Created)); len(items) != n-events[apiAccess] {
		t.Errorf("%d shown of %d", len(items), n)
	}
}

func TestGenerateForAGroup(t *testing.T) {
	f := newFixture(t, Config{})
	f.Generate(f.org.GroupID, History{Records: 300, Logins: true, Span: 24 * time.Hour})
	bare, logins := 0, 0
	for _, e := range f.Emitted(f.org.GroupID) {
		if !strings.Contains(e.Raw, f.org.GroupID) {
			bare++
		}
		if e.Event == "user.logged_in" {
			logins++
		}
		if epoch.Sub(e.Created) > 24*time.Hour {
			t.Fatalf("created %v", e.Created)
		}
	}
	if bare == 0 || logins == 0 {
		t.Errorf("%d without group_id, %d logins", bare, logins)
	}
}

func TestEventNames(t *testing.T) {
	if len(OrgEvents()) != 73 || len(GroupEvents()) != 33 || len(UnlistedEvents()) != 7 {
		t.Errorf("%d, %d and %d names", len(OrgEvents()), len(GroupEvents()), len(UnlistedEvents()))
	}
	for _, list := range [][]string{OrgEvents(), GroupEvents()} {
		slices.Sort(list)
		if len(slices.Compact(list)) != len(list) {
			t.Error("a name twice")
		}
	}
}

func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, Config{Now: time.Now})
		tr, err := f.NewTrickle(TrickleConfig{ScopeIDs: []string{f.org.ID, f.org.GroupID}, Rate: 20})
		if err != nil {
			t.Fatal(err)
		}
		if ids := tr.Step(3); len(ids) != 3 {
			t.Fatalf("step made %d", len(ids))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := tr.Run(ctx); err != nil {
			t.Fatal(err)
		}
		org, group := f.Emitted(f.org.ID), f.Emitted(f.org.GroupID)
		var own int
		for _, e := range group {
			if strings.HasPrefix(e.Event, "group.") {
				own++
			}
		}
		if n := len(org) + own; n < 180 || n > 210 || own < 20 {
			t.Errorf("%d records in 10 s at 20 a second, %d of the group", n, own)
		}
		if last := org[len(org)-1].Created; time.Since(last) > time.Second {
			t.Errorf("the last is %v old", time.Since(last))
		}
	})
}

func TestTrickleRefusals(t *testing.T) {
	f := newFixture(t, Config{})
	for _, cfg := range []TrickleConfig{{}, {ScopeIDs: []string{"x"}}, {ScopeIDs: []string{f.org.ID}, Rate: -1}} {
		if _, err := f.NewTrickle(cfg); err == nil {
			t.Errorf("%+v accepted", cfg)
		}
	}
}

func TestOddRecordsAreShownVerbatim(t *testing.T) {
	overBoth(t, Config{}, func(f *fixture) {
		f.Append(f.org.ID, OddRecords(epoch.Add(-time.Minute))...)
		g := f.search("sort_order", "ASC")
		if g.status != 200 || g.err != nil {
			f.t.Fatalf("status %d: %v", g.status, g.err)
		}
		for _, raw := range raws(f.Emitted(f.org.ID)) {
			if !strings.Contains(g.body, raw) {
				f.t.Errorf("not shown: %.80q", raw)
			}
		}
	})
	if c := BigContent(1000); len(c) != 1000 || !json.Valid([]byte(c)) || !json.Valid([]byte(DeepContent(50))) {
		t.Error("content helpers")
	}
}

func BenchmarkSearch(b *testing.B) {
	sim, err := New(Config{Now: func() time.Time { return epoch }})
	if err != nil {
		b.Fatal(err)
	}
	org := sim.AddOrg("Goof")
	sim.Generate(org.ID, History{Records: 100_000})
	f := &fixture{Sim: sim, tok: sim.AddToken(Token{Grants: []Grant{OrgAdmin(org.ID)}}), org: org}
	all := sim.Emitted(org.ID)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		from := stamp(all[(i*7919)%len(all)].Created)
		i++
		w := &memoryWriter{header: map[string][]string{}}
		sim.ServeHTTP(w, newSearch(f, from))
		if w.status != 200 {
			b.Fatal(w.body.String())
		}
	}
}
