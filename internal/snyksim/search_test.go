package snyksim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSearchParameters(t *testing.T) {
	f := newFixture(t, Config{})
	user, project := newUUID(newRand(1, 99)), newUUID(newRand(2, 99))
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	f.Append(
		f.org.ID,
		Record{Created: at(-5), Event: "org.edit", Content: `{"n":0}`},
		Record{Created: at(-4), Event: "org.user.add", UserID: user, Content: `{"n":1}`},
		Record{Created: at(-3), Event: "org.project.add", ProjectID: project, Content: `{"n":2}`},
		Record{Created: at(-3), Event: "org.project.add", UserID: user, ProjectID: project, Content: `{"n":3}`},
		Record{Created: at(-2), Event: "api.access", UserID: user, Content: `{"n":4}`},
		Record{Created: at(-60 * 24 * 3), Event: "org.edit", Content: `{"n":5}`}, // before yesterday
		Record{Created: at(-1), Event: "org.delete", Content: `{"n":6}`},
	)
	asc := []string{"sort_order", "ASC"}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"defaults":               {nil, "6,3,2,1,0"},
		"descending":             {[]string{"sort_order", "DESC"}, "6,3,2,1,0"},
		"ascending":              {asc, "0,1,2,3,6"},
		"size":                   {append([]string{"size", "2"}, asc...), "0,1"},
		"from is inclusive":      {append([]string{"from", stamp(at(-3))}, asc...), "2,3,6"},
		"from just after":        {append([]string{"from", stamp(at(-3).Add(time.Millisecond))}, asc...), "6"},
		"from far back":          {append([]string{"from", stamp(at(-60 * 24 * 9))}, asc...), "5,0,1,2,3,6"},
		"to is exclusive":        {append([]string{"to", stamp(at(-3))}, asc...), "0,1"},
		"to just after":          {append([]string{"to", stamp(at(-3).Add(time.Millisecond))}, asc...), "0,1,2,3"},
		"offset of a time":       {append([]string{"from", at(-3).In(time.FixedZone("", 7200)).Format(time.RFC3339)}, asc...), "2,3,6"},
		"from after to":          {append([]string{"from", stamp(at(-1)), "to", stamp(at(-2))}, asc...), ""},
		"user":                   {append([]string{"user_id", user}, asc...), "1,3"},
		"user in capitals":       {append([]string{"user_id", strings.ToUpper(user)}, asc...), "1,3"},
		"project":                {append([]string{"project_id", project}, asc...), "2,3"},
		"user and project":       {append([]string{"project_id", project, "user_id", user}, asc...), "3"},
		"events":                 {append([]string{"events", "org.edit,org.delete"}, asc...), "0,6"},
		"api.access by name":     {append([]string{"events", "api.access"}, asc...), "4"},
		"exclude_events":         {append([]string{"exclude_events", "org.edit,org.delete"}, asc...), "1,2,3"},
		"exclusion is no naming": {append([]string{"exclude_events", "org.user.add"}, asc...), "0,2,3,6"},
		"singular event":         {append([]string{"event", "org.edit"}, asc...), "0,1,2,3,6"},
		"singular exclude_event": {append([]string{"exclude_event", "org.edit"}, asc...), "0,1,2,3,6"},
		"limit is not size":      {append([]string{"limit", "10"}, asc...), "0,1,2,3,6"},
		"unknown event":          {append([]string{"events", "org.nothing"}, asc...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			g := f.search(c.args...)
			if g.status != http.StatusOK {
				t.Fatalf("status %d: %s", g.status, g.body)
			}
			var ns []string
			for _, item := range g.items(t) {
				_, n, _ := strings.Cut(item, `"n":`)
				ns = append(ns, strings.TrimRight(n, "}"))
			}
			if have := strings.Join(ns, ","); have != c.want {
				t.Errorf("items %q, want %q", have, c.want)
			}
		})
	}
}

func TestSearchRefusals(t *testing.T) {
	f := newFixture(t, Config{})
	for name, c := range map[string]struct {
		query, parameter string
	}{
		"no version":        {"size=1", "version"},
		"odd version":       {"version=latest", "version"},
		"size 0":            {"version=2024-10-15&size=0", "size"},
		"size 101":          {"version=2024-10-15&size=101", "size"},
		"size word":         {"version=2024-10-15&size=ten", "size"},
		"order":             {"version=2024-10-15&sort_order=asc", "sort_order"},
		"empty order":       {"version=2024-10-15&sort_order=", "sort_order"},
		"from a date":       {"version=2024-10-15&from=2025-01-01", "from"},
		"to nonsense":       {"version=2024-10-15&to=now", "to"},
		"user no uuid":      {"version=2024-10-15&user_id=me", "user_id"},
		"project no uuid":   {"version=2024-10-15&project_id=1", "project_id"},
		"both event lists":  {"version=2024-10-15&events=a&exclude_events=b", "exclude_events"},
		"made-up cursor":    {"version=2024-10-15&cursor=v1.AAAA", "cursor"},
		"empty cursor":      {"version=2024-10-15&cursor=", "cursor"},
		"parameters twice":  {"version=2024-10-15&size=1&size=1", "size"},
		"version twice too": {"version=2024-10-15&version=2024-10-15", "version"},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			g := f.get("/rest/orgs/" + f.org.ID + "/audit_logs/search?" + c.query)
			d := g.document(t)
			if g.status != http.StatusBadRequest || len(d.Errors) != 1 {
				t.Fatalf("status %d: %s", g.status, g.body)
			}
			e := d.Errors[0]
			if e.Status != "400" || e.Code != "SNYK-OPENAPI-0001" || e.Detail == "" || e.Source.Parameter != c.parameter {
				t.Errorf("error %+v", e)
			}
			if e.ID != g.header.Get("snyk-request-id") || e.ID == "" {
				t.Errorf("error id %q, request id %q", e.ID, g.header.Get("snyk-request-id"))
			}
		})
	}
}

func TestPagingReadsEverythingOnce(t *testing.T) {
	start := epoch.Add(-time.Hour)
	for _, mode := range []CursorMode{KeysetCursors, OffsetCursors} {
		f := newFixture(t, Config{Cursors: mode})
		f.Append(f.org.ID, numbered(start, 230)...)
		f.Append(f.org.ID, slices.Repeat([]Record{{Created: start, Event: "org.twin"}}, 70)...) // one instant over pages
		want := raws(f.Emitted(f.org.ID))
		for _, size := range []string{"7", "50", "100"} {
			items, pages := f.readAll("size", size, "sort_order", "ASC", "from", stamp(start))
			if !slices.Equal(items, want) {
				t.Errorf("mode %d size %s: %d items in %d pages differ from the %d added", mode, size, len(items), pages, len(want))
			}
			items, _ = f.readAll("size", size, "from", stamp(start), "to", stamp(epoch))
			slices.Reverse(items)
			if !slices.Equal(items, want) {
				t.Errorf("mode %d size %s: descending differs", mode, size)
			}
		}
	}
}

func TestLinkHasTheDocumentedForm(t *testing.T) {
	f := newFixture(t, Config{})
	f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 3)...)
	g := f.search("size", "2", "sort_order", "ASC", "from", "2025-03-12T00:00:00Z", "events", "org.edit,org.delete")
	link := g.next(t)
	u, err := url.Parse(link)
	if err != nil || u.Path != "/rest/orgs/"+f.org.ID+"/audit_logs/search" || u.Host != "" {
		t.Fatalf("link %q", link)
	}
	for name, want := range map[string]string{
		"from": "2025-03-12T00:00:00Z", "size": "2", "sort_order": "ASC", "version": "2024-10-15",
		"events": "org.edit,org.delete", "to": "",
	} {
		if v := u.Query().Get(name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
	if last := f.get(link); strings.Contains(last.body, "links") || len(last.items(t)) != 1 {
		t.Errorf("last page: %s", last.body)
	}
	if g := f.get(link + "&size=2"); g.status != http.StatusBadRequest {
		t.Errorf("parameters added again: status %d", g.status)
	}
	other := f.AddOrg("Other")
	f.SetGrants(f.tok.Value, OrgAdmin(other.ID))
	if g := f.get(strings.Replace(link, f.org.ID, other.ID, 1)); g.status != http.StatusBadRequest {
		t.Errorf("cursor of another log: status %d", g.status)
	}
}

func TestCursorsExpire(t *testing.T) {
	f := newFixture(t, Config{CursorLifetime: time.Minute})
	f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 3)...)
	link := f.search("size", "1").next(t)
	f.clock.advance(time.Minute)
	if g := f.get(link); g.status != http.StatusOK {
		t.Errorf("at its end: status %d", g.status)
	}
	f.clock.advance(time.Second)
	if g := f.get(link); g.status != http.StatusBadRequest || g.document(t).Errors[0].Source.Parameter != "cursor" {
		t.Errorf("after its end: %s", g.body)
	}
}

func TestOffsetCursorsShiftUnderInserts(t *testing.T) {
	start := epoch.Add(-time.Hour)
	for mode, want := range map[CursorMode]int{KeysetCursors: 4, OffsetCursors: 5} {
		f := newFixture(t, Config{Cursors: mode})
		f.Append(f.org.ID, numbered(start, 4)...)
		first := f.search("size", "2", "sort_order", "ASC")
		f.Append(f.org.ID, Record{Created: start, Event: "org.late"})
		n := len(first.items(t)) + len(f.get(first.next(t)).items(t))
		if next := f.get(first.next(t)).next(t); next != "" {
			n += len(f.get(next).items(t))
		}
		if n != want {
			t.Errorf("mode %d: %d items shown, want %d", mode, n, want)
		}
	}
}

func TestVisibilityAndExpiry(t *testing.T) {
	f := newFixture(t, Config{})
	f.Append(
		f.org.ID,
		Record{Created: epoch.Add(-time.Hour), Event: "org.late", VisibleAt: epoch.Add(time.Minute)},
		Record{Created: epoch.Add(-90*24*time.Hour + time.Minute), Event: "org.old"},
		Record{Created: epoch.Add(-time.Hour), Event: "org.brief", Expires: epoch.Add(time.Second)},
		Record{Created: epoch.Add(time.Hour), Event: "org.future"},
		Record{Created: epoch.Add(3 * time.Hour), Event: "org.early", VisibleAt: epoch.Add(2 * time.Hour)},
	)
	show := func() string {
		t.Helper()
		var out []string
		for _, item := range f.search("from", "2020-01-01T00:00:00Z", "to", "2030-01-01T00:00:00Z", "sort_order", "ASC").items(t) {
			_, name, _ := strings.Cut(item, `"event":"org.`)
			out = append(out, name[:strings.IndexByte(name, '"')])
		}
		return strings.Join(out, " ")
	}
	if s := show(); s != "old brief" {
		t.Errorf("at first: %q", s)
	}
	f.clock.advance(time.Minute)
	if s := show(); s != "late" {
		t.Errorf("a minute later: %q", s)
	}
	f.clock.advance(2 * time.Hour)
	if s := show(); s != "late future early" {
		t.Errorf("two hours later: %q", s)
	}
	if e := f.Emitted(f.org.ID); !e[1].ShownAt.Equal(epoch.Add(time.Minute)) {
		t.Errorf("shown at %v", e[1].ShownAt)
	}
}

func TestEmptyResult(t *testing.T) {
	f := newFixture(t, Config{})
	g := f.search()
	if want := `{"jsonapi":{"version":"1.0"},"data":{"type":"audit_log_search","items":[]}}`; g.body != want {
		t.Errorf("body %s", g.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/vnd.api+json", "snyk-version-served": "2024-10-15",
		"Date":              "Wed, 12 Mar 2025 11:30:00 GMT",
		"X-Ratelimit-Limit": `160, 160;w=1;name="api-limit-1s", 1620;w=60;name="api-limit-60s", 97200;w=3600;name="api-limit-3600s"`,
	} {
		if v := g.header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
}

func TestRecordAPIAccess(t *testing.T) {
	f := newFixture(t, Config{RecordAPIAccess: true})
	f.search()
	f.clock.advance(time.Second)
	items := f.search("events", "api.access").items(t)
	if len(items) != 1 || !strings.Contains(items[0], f.tok.PrincipalID) {
		t.Errorf("items %q", items)
	}
}

func TestSkewMovesTheWholeClock(t *testing.T) {
	f := newFixture(t, Config{Skew: time.Hour})
	f.Append(f.org.ID, Record{Event: "org.edit"})
	if e := f.Emitted(f.org.ID)[0]; !e.Created.Equal(epoch.Add(time.Hour)) {
		t.Errorf("created %v", e.Created)
	}
	if d := f.search().header.Get("Date"); d != "Wed, 12 Mar 2025 12:30:00 GMT" {
		t.Errorf("Date %s", d)
	}
	f.SetSkew(0)
	if d := f.search().header.Get("Date"); d != "Wed, 12 Mar 2025 11:30:00 GMT" {
		t.Errorf("Date %s", d)
	}
}

// newSearch is a request as it comes to the handler, for measuring.
func newSearch(f *fixture, from string) *http.Request {
	u, err := url.Parse(f.searchPath("from", from, "sort_order", "ASC", "size", "100"))
	if err != nil {
		panic(err)
	}
	return &http.Request{
		Method: http.MethodGet, URL: u, Host: "snyk.test",
		Header: http.Header{"Authorization": {"token " + f.tok.Value}},
	}
}
