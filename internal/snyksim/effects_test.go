package snyksim

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinkForms(t *testing.T) {
	for name, c := range map[string]struct {
		form LinkForm
		want string // before the query
	}{
		"relative":        {LinkRelative, `"next":"/rest/orgs/ORG/audit_logs/search?`},
		"bare":            {LinkBare, `"next":"/orgs/ORG/audit_logs/search?`},
		"absolute":        {LinkAbsolute, `"next":"http://HOST/rest/orgs/ORG/audit_logs/search?`},
		"object":          {LinkObject, `"next":{"href":"/rest/orgs/ORG/audit_logs/search?`},
		"object absolute": {LinkObjectAbsolute, `"next":{"href":"http://HOST/rest/orgs/ORG/audit_logs/search?`},
		"null":            {LinkNull, `"next":null`},
		"empty":           {LinkEmpty, `"next":""`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, Config{})
			srv := f.serve()
			f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 5)...)
			in := f.Inject(Fault{Effect: Link(c.form)})
			host := srv.Listener.Addr().String()
			want := strings.NewReplacer("ORG", f.org.ID, "HOST", host).Replace(c.want)
			if g := f.search("size", "2"); !strings.Contains(g.body, want) {
				t.Errorf("body %s, want %s", g.body, want)
			}
			if f.search("size", "5"); in.Fired() != 1 {
				t.Errorf("fired %d times, also without a link", in.Fired())
			}
		})
	}
}

func TestForeignLinkAndRedirect(t *testing.T) {
	f := newFixture(t, Config{ForeignHosts: []string{"evil.test"}})
	f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 5)...)
	f.Inject(Fault{Times: 1, Effect: ForeignLink("https://evil.test")})
	link := f.search("size", "2").next(t)
	if !strings.HasPrefix(link, "https://evil.test/rest/orgs/") {
		t.Errorf("link %q", link)
	}
	f.Inject(Fault{Times: 1, Effect: Redirect("https://evil.test")})
	g := f.search()
	if loc := g.header.Get("Location"); g.status != 302 || !strings.HasPrefix(loc, "https://evil.test/rest/orgs/") {
		t.Errorf("status %d, location %q", g.status, loc)
	}
	if f.Count(KindForeign) != 0 {
		t.Error("a foreign request before there was one")
	}
	if g := f.get(link); g.status != http.StatusTeapot || f.Count(KindForeign) != 1 {
		t.Errorf("status %d, counts %v", g.status, f.Counts())
	}
	if r := f.Requests(); r[2].Token != Fingerprint(f.tok.Value) || r[2].Host != "evil.test" {
		t.Errorf("foreign entry %+v", r[2])
	}
}

func TestCursorTraps(t *testing.T) {
	for _, mode := range []CursorMode{KeysetCursors, OffsetCursors} {
		f := newFixture(t, Config{Cursors: mode})
		f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 6)...)
		in := f.Inject(Fault{Effect: RepeatCursor()})
		first := f.search("size", "2", "sort_order", "ASC")
		second := f.get(first.next(t))
		if first.body != second.body || first.next(t) != second.next(t) {
			t.Errorf("mode %d: repeated cursor: %s then %s", mode, first.body, second.body)
		}
		in.Remove()
		f.Inject(Fault{Match: Match{When: HasCursor}, Times: 1, Effect: CursorToStart()})
		pages := []got{f.search("size", "2", "sort_order", "ASC")}
		for range 2 {
			pages = append(pages, f.get(pages[len(pages)-1].next(t)))
		}
		if !slices.Equal(pages[0].items(t), pages[2].items(t)) || slices.Equal(pages[0].items(t), pages[1].items(t)) {
			t.Errorf("mode %d: cursor to start", mode)
		}
		f.Inject(Fault{Times: 1, Effect: RefuseCursor()})
		if g := f.search("size", "2"); g.status != 200 {
			t.Errorf("mode %d: refused without a cursor", mode)
		}
		if g := f.get(pages[0].next(t)); g.status != 400 || g.document(t).Errors[0].Source.Parameter != "cursor" {
			t.Errorf("mode %d: %s", mode, g.body)
		}
	}
}

func TestPageEffects(t *testing.T) {
	f := newFixture(t, Config{})
	f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 10)...)
	want := raws(f.Emitted(f.org.ID))
	asc := []string{"sort_order", "ASC", "size", "4"}
	with := func(e Effect, times int) (items []string, pages, fired int) {
		in := f.Inject(Fault{Times: times, Effect: e})
		defer in.Remove()
		items, pages = f.readAll(asc...)
		return items, pages, in.Fired()
	}
	if items, pages, fired := with(ShortPages(2), 0); !slices.Equal(items, want) || pages != 5 || fired != 5 {
		t.Errorf("short pages: %d items, %d pages", len(items), pages)
	}
	if items, pages, _ := with(ShortPages(0), 2); !slices.Equal(items, want) || pages != 5 {
		t.Errorf("empty pages with next: %d items, %d pages", len(items), pages)
	}
	if items, pages, fired := with(TrailingNext(), 0); !slices.Equal(items, want) || pages != 4 || fired != 1 {
		t.Errorf("trailing next: %d items, %d pages, fired %d", len(items), pages, fired)
	}
	if items, pages, _ := with(DropNext(), 0); len(items) != 4 || pages != 1 {
		t.Errorf("dropped next: %d items, %d pages", len(items), pages)
	}
	items, _, fired := with(Unsorted(), 0)
	if slices.Equal(items, want) || fired != 3 {
		t.Errorf("unsorted: fired %d", fired)
	}
	if slices.Sort(items); !slices.Equal(items, want) {
		t.Error("unsorted lost something")
	}
	if items, _, _ := with(RepeatItems(), 0); len(items) != 20 || items[0] != items[1] {
		t.Errorf("repeated items: %d", len(items))
	}
	in := f.Inject(Fault{Effect: OmitEmptyItems()})
	if g := f.search("events", "org.none"); g.body != `{"jsonapi":{"version":"1.0"},"data":{"type":"audit_log_search"}}` {
		t.Errorf("body %s", g.body)
	}
	if f.search(); in.Fired() != 1 {
		t.Errorf("fired %d", in.Fired())
	}
}

func TestInsertsWhilePaging(t *testing.T) {
	f := newFixture(t, Config{})
	f.Append(f.org.ID, numbered(epoch.Add(-time.Hour), 6)...)
	f.Inject(Fault{Match: Match{When: HasCursor}, Effect: Do("insert", func(s *Sim, _ *http.Request) {
		s.Append(f.org.ID, Record{Created: epoch.Add(-2 * time.Hour), Event: "org.late"})
		s.Append(f.org.ID, Record{Created: epoch.Add(-time.Second), Event: "org.fresh"})
	})})
	f.Inject(Fault{Times: 1, Effect: DoAfter("late", func(s *Sim, _ *http.Request) {
		s.Append(f.org.ID, Record{Created: epoch.Add(-time.Hour), Event: "org.between"})
	})})
	items, _ := f.readAll("sort_order", "ASC", "size", "3")
	n := map[string]int{}
	for _, i := range items {
		_, name, _ := strings.Cut(i, `"event":"`)
		n[name[:strings.IndexByte(name, '"')]]++
	}
	// Behind the cursor nothing shows any more, before it all does.
	if n["org.edit"] != 6 || n["org.late"] != 0 || n["org.between"] != 0 || n["org.fresh"] == 0 {
		t.Errorf("shown %v", n)
	}
}

func TestOneInstantOverManyPages(t *testing.T) {
	f := newFixture(t, Config{})
	f.Burst(f.org.ID, 350)
	f.clock.advance(time.Second)
	all := f.Emitted(f.org.ID)
	if !all[0].Created.Equal(all[349].Created) {
		t.Fatal("more than one instant")
	}
	want := slices.DeleteFunc(raws(all), func(s string) bool { return strings.Contains(s, `"event":"api.access"`) })
	if items, pages := f.readAll("sort_order", "ASC"); !slices.Equal(items, want) || pages != 4 {
		t.Errorf("%d items of %d in %d pages", len(items), len(want), pages)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, Config{Now: time.Now})
		f.Inject(Fault{Effect: Delay(time.Minute)})
		start := time.Now()
		if g := f.search(); g.status != 200 || time.Since(start) != time.Minute {
			t.Errorf("status %d after %v", g.status, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://snyk.test"+f.searchPath(), nil)
		start = time.Now()
		_, err := f.http.Do(req)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
	})
}

func TestDelayEndsWithTheCaller(t *testing.T) {
	f := newFixture(t, Config{})
	f.Inject(Fault{Effect: Delay(time.Hour)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequest(http.MethodGet, f.searchPath(), nil).WithContext(ctx)
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // panics carry the very value
			t.Error("answered a caller that has gone")
		}
	}()
	f.ServeHTTP(httptest.NewRecorder(), req)
}
