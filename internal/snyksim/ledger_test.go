package snyksim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRender(t *testing.T) {
	f := newFixture(t, Config{})
	at := time.Date(2025, 3, 12, 10, 0, 0, 987_654_321, time.UTC)
	org := `,"org_id":"` + f.org.ID + `"`
	for name, c := range map[string]struct {
		rec  Record
		want string
	}{
		"milliseconds":  {Record{Created: at, Event: "a"}, `{"created":"2025-03-12T10:00:00.987Z","event":"a"` + org + `}`},
		"whole seconds": {Record{Created: at, Event: "a", WholeSeconds: true}, `{"created":"2025-03-12T10:00:00Z","event":"a"` + org + `}`},
		"text":          {Record{Created: at, Event: "a", CreatedText: "soon"}, `{"created":"soon","event":"a"` + org + `}`},
		"bare":          {Record{Created: at, Event: "a", Bare: true}, `{"created":"2025-03-12T10:00:00.987Z","event":"a"}`},
		"content":       {Record{Created: at, Event: "<&>", Content: `{"":1 }`}, `{"created":"2025-03-12T10:00:00.987Z","event":"<&>"` + org + `,"content":{"":1 }}`},
		"raw":           {Record{Created: at, Raw: "\xff"}, "\xff"},
		"ids": {
			Record{Created: at, Event: "a", UserID: "u", ProjectID: "p", GroupID: "g"},
			`{"created":"2025-03-12T10:00:00.987Z","event":"a","group_id":"g"` + org + `,"project_id":"p","user_id":"u"}`,
		},
	} {
		id := f.Append(f.org.ID, c.rec)[0]
		all := f.Emitted(f.org.ID)
		i := slices.IndexFunc(all, func(e Emitted) bool { return e.ID == id })
		if all[i].Raw != c.want {
			t.Errorf("%s: %q, want %q", name, all[i].Raw, c.want)
		}
	}
}

func TestOrderInsideAnInstant(t *testing.T) {
	f := newFixture(t, Config{})
	at := epoch.Add(-time.Minute)
	rec := func(name string) Record { return Record{Created: at, Event: name} }
	f.Append(f.org.ID, rec("c"), rec("d"))
	f.Append(f.org.ID, Record{Created: at.Add(time.Second), Event: "f"})
	f.Append(f.org.ID, rec("e"))
	f.Prepend(f.org.ID, rec("a"), rec("b"))
	many := slices.Repeat([]Record{{Created: at.Add(-time.Second), Event: "0"}}, 2*sortAbove)
	f.Append(f.org.ID, many...)
	var names strings.Builder
	for _, e := range f.Emitted(f.org.ID) {
		names.WriteString(e.Event)
	}
	if s := strings.TrimLeft(names.String(), "0"); s != "abcdef" || names.Len() != 6+2*sortAbove {
		t.Errorf("order %q", s)
	}
}

func TestRewriteRedactRemove(t *testing.T) {
	f := newFixture(t, Config{})
	ids := f.Append(f.org.ID,
		Record{Created: epoch.Add(-3 * time.Minute), Event: "org.user.invite", Content: `{"email":"a@b.c"}`, Group: InGroupWithOrg},
		Record{Created: epoch.Add(-2 * time.Minute), Event: "org.user.add", UserID: "u", Group: InGroupWithoutOrg},
		Record{Created: epoch.Add(-1 * time.Minute), Event: "org.edit", Group: InGroupWithOrg})
	if !f.Redact(ids[0], "a@b.c", "[redacted]") || !f.Rewrite(ids[1], func(r *Record) { r.UserID = "" }) || !f.Remove(ids[2]) {
		t.Fatal("a record was not found")
	}
	if f.Remove(ids[2]) || f.Redact(ids[2], "a", "b") || f.Rewrite(12345, func(*Record) {}) {
		t.Error("a removed or unknown record was found")
	}
	for _, scope := range []string{f.org.ID, f.org.GroupID} {
		l := f.Emitted(scope)
		if len(l) != 3 || l[2].Removed.IsZero() {
			t.Fatalf("ledger %+v", l)
		}
		if !strings.Contains(l[0].Raw, "[redacted]") || !strings.Contains(l[0].Former[0], "a@b.c") {
			t.Errorf("redacted: %q, before %q", l[0].Raw, l[0].Former)
		}
		if strings.Contains(l[1].Raw, "user_id") || !strings.Contains(l[1].Former[0], `"user_id":"u"`) {
			t.Errorf("rewritten: %q, before %q", l[1].Raw, l[1].Former)
		}
	}
	if items := f.search("sort_order", "ASC").items(t); !slices.Equal(items, raws(f.Emitted(f.org.ID))[:2]) {
		t.Errorf("shown %q", items)
	}
	g := f.get("/rest/groups/" + f.org.GroupID + "/audit_logs/search?version=2024-10-15&sort_order=ASC")
	items := g.items(t)
	if len(items) != 2 || !strings.Contains(items[0], f.org.ID) || strings.Contains(items[1], f.org.ID) {
		t.Errorf("group shows %q", items)
	}
	if !strings.Contains(items[0], `"group_id":"`+f.org.GroupID) {
		t.Errorf("group item without group_id: %s", items[0])
	}
}
