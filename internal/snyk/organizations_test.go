package snyk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/snykstream/snykstream/internal/audit"
)

// orgNumber is an organization's id.
func orgNumber(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// element is an organization of a list.
func element(n int) string {
	return fmt.Sprintf(`{"id":%q,"type":"org","attributes":{"name":"Org %d","slug":"org-%d","is_personal":false,"group_id":%q}}`,
		orgNumber(n), n, n, groupID)
}

func pageOf(next string, elements ...string) string {
	links := ""
	if next != "" {
		links = `,"links":{"next":` + next + `}`
	}
	return `{"jsonapi":{"version":"1.0"},"data":[` + strings.Join(elements, ",") + `]` + links + `}`
}

// pages answers the list's requests one after the other, and notes them.
type pages struct {
	bodies []string
	asked  []string
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked = append(p.asked, r.URL.String())
	if len(p.asked) > len(p.bodies) {
		answering(500, "")(w, r)
		return
	}
	answering(200, p.bodies[len(p.asked)-1], "snyk-request-id", fmt.Sprintf("req-%d", len(p.asked)))(w, r)
}

func TestOrganizations(t *testing.T) {
	const first = "https://api.snyk.io/rest/groups/" + groupID + "/orgs?limit=100&version=2024-02-28"
	after := "https://api.snyk.io/rest/groups/" + groupID + "/orgs?limit=100&starting_after=v1.x&version=2024-02-28"
	for name, next := range map[string]string{
		"relative with /rest":    `"/rest/groups/` + groupID + `/orgs?limit=100&starting_after=v1.x&version=2024-02-28"`,
		"relative without it":    `"/groups/` + groupID + `/orgs?limit=100&starting_after=v1.x&version=2024-02-28"`,
		"absolute":               `"` + after + `"`,
		"query alone":            `"?limit=100&starting_after=v1.x&version=2024-02-28"`,
		"an object":              `{"href":"/groups/` + groupID + `/orgs?limit=100&starting_after=v1.x&version=2024-02-28"}`,
		"an object, absolute":    `{"href":"` + after + `","meta":{}}`,
		"escaped, as Snyk sends": `"/groups/` + groupID + `/orgs?limit=100\u0026starting_after=v1.x\u0026version=2024-02-28"`,
	} {
		t.Run(name, func(t *testing.T) {
			region := &pages{bodies: []string{pageOf(next, element(1), element(2)), pageOf(`null`, element(3))}}
			got, err := newClients(t, region.ServeHTTP).For(us, key).Organizations(t.Context(), groupID)
			if err != nil {
				t.Fatal(err)
			}
			var want []audit.Organization
			for n := 1; n <= 3; n++ {
				want = append(want, audit.Organization{ID: orgNumber(n), Name: fmt.Sprint("Org ", n), Slug: fmt.Sprint("org-", n), GroupID: groupID})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("organizations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{first, after}, region.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOrganizationsAreFoldedAndTolerant(t *testing.T) {
	upper := strings.ToUpper(orgID)
	next := func(n int) string { return fmt.Sprintf(`"/groups/x/orgs?starting_after=%d"`, n) }
	region := &pages{bodies: []string{
		pageOf(next(1), `{"id":"`+upper+`","attributes":{"name":"First\nOrg","slug":7}}`, element(1)),
		pageOf(next(2)), // an empty page that leads on
		pageOf("", `{"id":"`+orgID+`","attributes":{"name":"Second"}}`, `{"id":"`+orgNumber(2)+`"}`, `{"id":"`+orgNumber(3)+`","attributes":{"group_id":"`+strings.ToUpper(groupID)+`"}}`),
	}}
	got, err := newClients(t, region.ServeHTTP).For(us, key).Organizations(t.Context(), strings.ToUpper(groupID))
	if err != nil {
		t.Fatal(err)
	}
	want := []audit.Organization{
		{ID: orgID, Name: "First Org", GroupID: groupID},
		{ID: orgNumber(1), Name: "Org 1", Slug: "org-1", GroupID: groupID},
		{ID: orgNumber(2), GroupID: groupID},
		{ID: orgNumber(3), GroupID: groupID},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("organizations (-want +got):\n%s", diff)
	}
}

func TestOrganizationsOfAnEmptyGroup(t *testing.T) {
	got, err := newClients(t, answering(200, pageOf(""))).For(us, key).Organizations(t.Context(), groupID)
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// A list that is believed too short would end the collection of what is missing.
func TestOrganizationsAreTheWholeListOrAnError(t *testing.T) {
	const more = `"/groups/x/orgs?starting_after=1"`
	one := pageOf(more, element(1))
	self := `"/rest/groups/` + groupID + `/orgs?limit=100&version=2024-02-28"`
	tests := []struct {
		name   string
		bodies []string
		want   audit.SnykClass
		text   string
	}{
		{"no data", []string{`{"jsonapi":{"version":"1.0"}}`}, audit.SnykBadAnswer, "no list"},
		{"data null", []string{`{"data":null}`}, audit.SnykBadAnswer, "no list"},
		{"data an object", []string{`{"data":{"items":[]}}`}, audit.SnykBadAnswer, "no list"},
		{"an audit log", []string{empty}, audit.SnykBadAnswer, "no list"},
		{"an empty object", []string{`{}`}, audit.SnykBadAnswer, "no list"},
		{"a list alone", []string{`[]`}, audit.SnykBadAnswer, "no JSON object"},
		{"HTML", []string{"<html>"}, audit.SnykBadAnswer, "no JSON"},
		{"nothing", []string{""}, audit.SnykUnavailable, "cut"},
		{"half", []string{one[:len(one)/2]}, audit.SnykUnavailable, "cut"},
		{"an error with status 200", []string{`{"errors":[{"detail":"no rights"}]}`}, audit.SnykBadAnswer, "no rights"},
		{"an error beside data", []string{`{"data":[],"errors":[{"detail":"partial"}]}`}, audit.SnykBadAnswer, "partial"},
		{"an element that is no object", []string{pageOf("", element(1), `"x"`)}, audit.SnykBadAnswer, "no list of objects"},
		{"an element that is null", []string{pageOf("", element(1), `null`)}, audit.SnykBadAnswer, "element 2"},
		{"an element without an id", []string{pageOf("", element(1), `{"type":"org"}`)}, audit.SnykBadAnswer, "element 2 has no UUID"},
		{"an id that is no UUID", []string{pageOf("", `{"id":"goof.>"}`)}, audit.SnykBadAnswer, "element 1 has no UUID"},
		{"an id in braces", []string{pageOf("", `{"id":"{`+orgID+`}"}`)}, audit.SnykBadAnswer, "no UUID"},
		{"an id that is a number", []string{pageOf("", `{"id":7}`)}, audit.SnykBadAnswer, "no UUID"},
		{"another group's", []string{pageOf("", `{"id":"`+orgID+`","attributes":{"group_id":"`+orgID+`"}}`)}, audit.SnykBadAnswer, "another group"},
		{"an error on the second page", []string{one}, audit.SnykUnavailable, ""}, // 500
		{"no list on the second page", []string{one, `{}`}, audit.SnykBadAnswer, "no list"},
		{"a cut second page", []string{one, one[:40]}, audit.SnykUnavailable, "cut"},
		{"a link to itself", []string{pageOf(self, element(1))}, audit.SnykBadAnswer, "leads back"},
		{"a link to the first page", []string{one, pageOf(self, element(2))}, audit.SnykBadAnswer, "leads back"},
		{"a link that was followed before", []string{one, pageOf(more, element(2))}, audit.SnykBadAnswer, "leads back"},
		{"a link of an unknown form", []string{pageOf(`7`, element(1))}, audit.SnykBadAnswer, "cannot be read"},
		{"a link that cannot be read", []string{pageOf(`"::"`, element(1))}, audit.SnykBadAnswer, "cannot be read"},
		{"another host", []string{pageOf(`"https://evil.example/rest/x"`, element(1))}, audit.SnykForeignLink, "https://evil.example"},
		{"another scheme", []string{pageOf(`"http://api.snyk.io/rest/x"`, element(1))}, audit.SnykForeignLink, "another origin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			region := &pages{bodies: tt.bodies}
			got, err := newClients(t, region.ServeHTTP).For(us, key).Organizations(t.Context(), groupID)
			trouble := wantClass(t, err, tt.want)
			if got != nil || !strings.Contains(trouble.Detail, tt.text) {
				t.Errorf("%d organizations, %q; want none, and %q", len(got), trouble.Detail, tt.text)
			}
			if trouble.HTTPStatus == 200 && trouble.RequestID != fmt.Sprintf("req-%d", len(region.asked)) {
				t.Errorf("request id %q", trouble.RequestID)
			}
		})
	}
}

func TestOrganizationsAreBounded(t *testing.T) {
	const perPage = 1000
	tests := []struct {
		name string
		// elements are those of the page of this number, from 0.
		elements func(page int) []string
		pages    int
		text     string
	}{
		{"organizations", func(page int) []string {
			var all []string
			for n := range perPage {
				all = append(all, fmt.Sprintf(`{"id":%q}`, orgNumber(page*perPage+n)))
			}
			return all
		}, maxOrganizations/perPage + 1, "more than 20000 organizations"},
		{"pages", func(page int) []string { return []string{element(page)} }, maxListPages, "more than 1000 pages"},
		{"pages that are empty", func(int) []string { return nil }, maxListPages, "more than 1000 pages"},
		{"a page", func(int) []string { return []string{`"` + strings.Repeat("x", maxDirectoryBytes) + `"`} }, 1, "more than 1 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				page := asked
				asked++
				answering(200, pageOf(fmt.Sprintf(`"/groups/x/orgs?starting_after=%d"`, page), tt.elements(page)...))(w, r)
			}, func(c *Config) { c.Windows = []Window{{1 << 20, 1}} })
			got, err := clients.For(us, key).Organizations(t.Context(), groupID)
			trouble := wantClass(t, err, audit.SnykBadAnswer)
			if got != nil || asked != tt.pages || !strings.Contains(trouble.Detail, tt.text) {
				t.Errorf("%d organizations after %d pages, %q; want none, %d, %q", len(got), asked, trouble.Detail, tt.pages, tt.text)
			}
		})
	}
}

func TestOrganizationsUpToTheBound(t *testing.T) {
	const perPage = 1000
	page := 0
	clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
		var all []string
		for n := range perPage {
			all = append(all, fmt.Sprintf(`{"id":%q}`, orgNumber(page*perPage+n)))
		}
		next := ""
		if page++; page < maxOrganizations/perPage {
			next = fmt.Sprintf(`"/groups/x/orgs?starting_after=%d"`, page)
		}
		answering(200, pageOf(next, all...))(w, r)
	})
	if got, err := clients.For(us, key).Organizations(t.Context(), groupID); err != nil || len(got) != maxOrganizations {
		t.Errorf("%d organizations, %v", len(got), err)
	}
}

func TestOrganizationsErrors(t *testing.T) {
	for status, want := range map[int]audit.SnykClass{
		400: audit.SnykBadRequest, 401: audit.SnykUnauthenticated, 403: audit.SnykForbidden, 404: audit.SnykNotFound,
		410: audit.SnykGone, 429: audit.SnykRateLimited, 503: audit.SnykUnavailable,
	} {
		_, err := newClients(t, answering(status, "", "snyk-request-id", "req-1")).For(us, key).Organizations(t.Context(), groupID)
		if trouble := wantClass(t, err, want); trouble.HTTPStatus != status || trouble.RequestID != "req-1" {
			t.Errorf("%d: %+v", status, trouble)
		}
	}
	_, err := newClients(t, nil).For(us, audit.Credential{}).Organizations(t.Context(), groupID)
	wantClass(t, err, audit.SnykUnauthenticated)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = newClients(t, nil, func(c *Config) { c.Transport = canceling{cancel} }).For(us, key).Organizations(ctx, groupID)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("its caller left: %v", err)
	}
}

// The error may hold what the link does: never the token.
func TestOrganizationsShowNoSecret(t *testing.T) {
	for name, body := range map[string]string{
		"a link": pageOf(`"https://`+token+`.evil.example/x"`, element(1)), "an error": `{"errors":[{"detail":"` + token + `"}]}`,
	} {
		_, err := newClients(t, answering(200, body)).For(us, key).Organizations(t.Context(), groupID)
		if err == nil || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), hidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestListLeadsToAnotherHost has the second page elsewhere, over real connections.
func TestListLeadsToAnotherHost(t *testing.T) {
	elsewhere := newStranger(t)
	w := newWorld(t)
	for n := range 100 {
		w.AddOrg(fmt.Sprint("Org ", n))
	}
	for _, away := range []string{elsewhere.URL, strings.TrimPrefix(elsewhere.URL, "http:")} {
		w.ClearFaults()
		w.Inject(foreignLink(away))
		got, err := w.clients.For(us, w.groupAdmin()).Organizations(t.Context(), w.org.GroupID)
		wantClass(t, err, audit.SnykForeignLink)
		if got != nil {
			t.Errorf("%d organizations", len(got))
		}
	}
}

// FuzzOrganizations holds that a page is refused with a reason, or gives
// organizations of which each can name a feed.
func FuzzOrganizations(f *testing.F) {
	for _, seed := range []string{
		pageOf("", element(1)), pageOf(`{"href":"/x"}`, element(1), element(1)), `{"data":[{"id":"x"}]}`, `{"data":[null]}`, `{}`, "", "[",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list := orgList{groupID: groupID, known: map[string]bool{}, asked: map[string]bool{}}
		next, bad := list.add(body)
		if bad != nil {
			if bad.text == "" || next != "" {
				t.Fatalf("refused as %q, next %q", bad.text, next)
			}
			return
		}
		for _, org := range list.orgs {
			if len(org.ID) != uuidBytes || org.ID != strings.ToLower(org.ID) || org.GroupID != groupID {
				t.Fatalf("%+v", org)
			}
		}
	})
}
