package snyk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// wholeGroup is a configuration that reads all organizations of the group, and
// not its own log.
func wholeGroup() *snykstreamv1.SnykConfig {
	all := true
	return &snykstreamv1.SnykConfig{GroupId: groupID, AllOrganizations: &all, LogTypes: types(orgLogType)}
}

func numbers(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = orgNumber(i)
	}
	return ids
}

// problems are the problems of the report's organizations, by their number.
func problems(r *snykstreamv1.ValidateCredentialsResponse) map[int]string {
	out := map[int]string{}
	for i, org := range r.GetOrganizations() {
		if (org.GetAuditProblem() == "") != org.GetAuditReadable() {
			out[i] = fmt.Sprintf("readable %v, and yet %q", org.GetAuditReadable(), org.GetAuditProblem())
		} else if !org.GetAuditReadable() {
			out[i] = org.GetAuditProblem()
		}
	}
	return out
}

func TestCheckOfAllOrganizations(t *testing.T) {
	no := func(status int) say { return say{status, "", nil} }
	refuse := func(status int, orgs ...int) func(*region) {
		return func(g *region) {
			g.logs = map[string]say{}
			for _, n := range orgs {
				g.logs[orgNumber(n)] = no(status)
			}
		}
	}
	tests := []struct {
		name   string
		change func(*region)
		// changed are the results that did not pass.
		changed map[string]string
		outage  bool
		kind    snykstreamv1.CredentialCheck_Kind
		// words are in the message or the remedy of that check.
		words []string
		// problems are those of the organizations.
		problems map[int]string
	}{
		{
			"all can be read", func(*region) {}, nil, false, kindOrgAudit,
			[]string{"all 8 organizations"},
			map[int]string{},
		},
		{
			"how many there are", func(*region) {}, nil, false, kindOrganization,
			[]string{"8 organizations"},
			map[int]string{},
		},
		{
			"one cannot", refuse(403, 3),
			map[string]string{"ORG_AUDIT_READABLE": "WARNING"},
			false, kindOrgAudit,
			[]string{"1 of 8 organizations", ": o3;", "org.audit_log.read", "Forbidden"},
			map[int]string{3: "Forbidden"},
		},
		{
			"five cannot", refuse(403, 0, 2, 3, 5, 7),
			map[string]string{"ORG_AUDIT_READABLE": "WARNING"},
			false, kindOrgAudit,
			[]string{"5 of 8", "o0, o2, o3, o5, o7;"},
			map[int]string{0: "Forbidden", 2: "Forbidden", 3: "Forbidden", 5: "Forbidden", 7: "Forbidden"},
		},
		{
			"seven cannot", refuse(404, 0, 1, 2, 3, 4, 5, 6),
			map[string]string{"ORG_AUDIT_READABLE": "WARNING"},
			false, kindOrgAudit,
			[]string{"7 of 8", "o0, o1, o2, o3, o4 and 2 more", "member of these organizations"},
			map[int]string{0: "Not Found", 1: "Not Found", 2: "Not Found", 3: "Not Found", 4: "Not Found", 5: "Not Found", 6: "Not Found"},
		},
		{
			"some are down", refuse(503, 1),
			map[string]string{"ORG_AUDIT_READABLE": "WARNING"},
			false, kindOrgAudit,
			[]string{"1 of 8", "try again"},
			map[int]string{1: "Service Unavailable"},
		},
		{
			"none can", func(g *region) { g.log = no(403) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, kindOrgAudit,
			[]string{"none of the group's 8 organizations", "org.audit_log.read"},
			allOf(8, "Forbidden"),
		},
		{
			"all are down", func(g *region) { g.log = no(503) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED", "CLOCK_SKEW": "PASSED"},
			true, kindOrgAudit,
			[]string{"try again"},
			allOf(8, "Service Unavailable"),
		},
		{
			"most are down, none can", func(g *region) { refuse(403, 0, 1)(g); g.log = no(503) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			true, kindOrgAudit,
			[]string{"try again"},
			map[int]string{0: "Forbidden", 1: "Forbidden", 2: "Service Unavailable", 3: "Service Unavailable", 4: "Service Unavailable", 5: "Service Unavailable", 6: "Service Unavailable", 7: "Service Unavailable"},
		},
		{
			"few are down, none can", func(g *region) { refuse(503, 0)(g); g.log = no(403) },
			map[string]string{"ORG_AUDIT_READABLE": "FAILED"},
			false, kindOrgAudit,
			[]string{"org.audit_log.read"},
			func() map[int]string { m := allOf(8, "Forbidden"); m[0] = "Service Unavailable"; return m }(),
		},
		{
			"the list may not be read", func(g *region) { g.list = &say{403, "", nil} },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "SKIPPED"},
			false, kindOrganization,
			[]string{"cannot be listed", "group.org.list", "group.read", "organization_id"},
			map[int]string{},
		},
		{
			"nothing is said of logs that are not known", func(g *region) { g.list = &say{403, "", nil} },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "SKIPPED"},
			false, kindOrgAudit,
			[]string{"organizations are not known"},
			map[int]string{},
		},
		{
			"who it is may not be asked", func(g *region) { g.self = no(403); refuse(403, 0)(g) },
			map[string]string{"AUTHENTICATED": "WARNING", "ORG_AUDIT_READABLE": "WARNING", "CLOCK_SKEW": "SKIPPED"},
			false, kindAuthenticated,
			[]string{"audit log can be read"},
			map[int]string{0: "Forbidden"},
		},
		{
			"the list is down", func(g *region) { g.list = &say{502, "", nil} },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "SKIPPED"},
			true, kindOrganization,
			[]string{"try again"},
			map[int]string{},
		},
		{
			"the list is none", func(g *region) { g.list = &say{200, empty, nil} },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "SKIPPED"},
			false, kindOrganization,
			[]string{"no list of organizations"},
			map[int]string{},
		},
		{
			"no such group", func(g *region) { g.list, g.group = &say{404, "", nil}, no(404) },
			map[string]string{"ORGANIZATION_READABLE": "FAILED", "ORG_AUDIT_READABLE": "SKIPPED", "GROUP_READABLE": "FAILED"},
			false,
			kindOrganization,
			[]string{"the group id " + groupID},
			map[int]string{},
		},
		{
			"the group cannot be looked up", func(g *region) { g.group = no(403) },
			map[string]string{"GROUP_READABLE": "WARNING"},
			false, kindGroup,
			[]string{"group.read"},
			map[int]string{},
		},
		{
			"there are none", func(g *region) { g.listed = nil },
			map[string]string{"ORGANIZATION_READABLE": "WARNING", "ORG_AUDIT_READABLE": "FAILED"},
			false, kindOrganization,
			[]string{"no organization of the group", groupID},
			map[int]string{},
		},
		{
			"what it takes to see some", func(g *region) { g.listed = nil },
			map[string]string{"ORGANIZATION_READABLE": "WARNING", "ORG_AUDIT_READABLE": "FAILED"},
			false, kindOrgAudit,
			[]string{"Snyk shows these credentials no organization of the group", "group.org.list", "org.audit_log.read", "Group Admin", groupID},
			map[int]string{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := good()
			g.listed = numbers(8)
			tt.change(&g)
			got, err := newClients(t, g.ServeHTTP, at).Check(t.Context(), wholeGroup(), key)
			var trouble *audit.SnykError
			if got == nil || errors.As(err, &trouble) != tt.outage || (err != nil) != tt.outage {
				t.Fatalf("%v, %v", err, got)
			}
			wantWords(t, got)
			want := map[string]string{
				"FORMAT": "PASSED", "REACHABLE": "PASSED", "AUTHENTICATED": "PASSED", "ORGANIZATION_READABLE": "PASSED",
				"ORG_AUDIT_READABLE": "PASSED", "GROUP_READABLE": "PASSED", "GROUP_AUDIT_READABLE": "SKIPPED",
				"EXPIRY": "SKIPPED", "CLOCK_SKEW": "PASSED",
			}
			maps.Copy(want, tt.changed)
			if diff := cmp.Diff(want, results(got)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			c := of(got, tt.kind)
			for _, word := range tt.words {
				if said := c.GetMessage() + "; " + c.GetRemedy(); !strings.Contains(said, word) {
					t.Errorf("%q is not in %q", word, said)
				}
			}
			if diff := cmp.Diff(tt.problems, problems(got)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if listed := g.list == nil; listed && len(got.GetOrganizations()) != len(g.listed) {
				t.Errorf("%d organizations, want %d", len(got.GetOrganizations()), len(g.listed))
			}
		})
	}
}

func allOf(n int, problem string) map[int]string {
	out := map[int]string{}
	for i := range n {
		out[i] = problem
	}
	return out
}

// The one that is named must be readable itself, and is read once.
func TestCheckOfAllOrganizationsAndOneByName(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*region)
		want   snykstreamv1.CredentialCheck_Result
	}{
		"all can be read": {func(*region) {}, passed},
		"another cannot": {func(g *region) {
			g.logs = map[string]say{orgNumber(1): {403, "", nil}}
		}, warning},
		"the one named cannot": {func(g *region) {
			g.logs = map[string]say{orgID: {403, "", nil}}
		}, failed},
		"the list cannot, the one named can": {func(g *region) { g.list = &say{403, "", nil} }, passed},
		"it is not in the list":              {func(g *region) { g.listed = numbers(2) }, passed},
		"it alone can, and is not in the list": {func(g *region) {
			g.listed = numbers(2)
			g.logs = map[string]say{orgNumber(0): {403, "", nil}, orgNumber(1): {403, "", nil}}
		}, warning},
		"it alone can": {func(g *region) {
			g.logs = map[string]say{orgNumber(0): {403, "", nil}, orgNumber(1): {403, "", nil}}
		}, warning},
	} {
		t.Run(name, func(t *testing.T) {
			g := good()
			g.listed = append(numbers(2), strings.ToUpper(orgID))
			tt.change(&g)
			what := wholeGroup()
			what.OrganizationId = orgID
			var mu sync.Mutex
			var asked []string
			clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked = append(asked, r.URL.Path)
				mu.Unlock()
				g.ServeHTTP(w, r)
			}, at)
			got, err := clients.Check(t.Context(), what, key)
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, got)
			c := of(got, kindOrgAudit)
			if c.GetResult() != tt.want {
				t.Errorf("%v, want %v", c, tt.want)
			}
			if alone := strings.HasPrefix(name, "it alone can"); alone && !strings.Contains(c.GetMessage(), "2 of 3 organizations cannot be read: o0, o1;") {
				t.Errorf("%v", c)
			}
			shown := map[string]bool{}
			for _, org := range got.GetOrganizations() {
				shown[org.GetId()] = true
			}
			if len(shown) != len(got.GetOrganizations()) || (g.list == nil && len(shown) != 3) {
				t.Errorf("%d organizations, %d of them different", len(got.GetOrganizations()), len(shown))
			}
			if org := got.GetOrganizations()[0]; org.GetId() != orgID || org.GetName() != "Goof" {
				t.Errorf("the one named is %v", org)
			}
			if n := strings.Count(strings.Join(asked, " "), orgID+"/audit_logs"); n != 1 {
				t.Errorf("its log was read %d times", n)
			}
		})
	}
}

// TestCheckReadsSomeAtATime has logs that take a while.
func TestCheckReadsSomeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most, asked := 0, 0, 0
		g := good()
		g.listed = numbers(300)
		clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/audit_logs/search") {
				mu.Lock()
				asked++
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(100 * time.Millisecond)
				mu.Lock()
				now--
				mu.Unlock()
			}
			g.ServeHTTP(w, r)
		}, at)
		got, err := clients.Check(t.Context(), wholeGroup(), key)
		if err != nil || !got.GetValid() {
			t.Fatalf("%v, %v", err, got)
		}
		wantWords(t, got)
		if asked != maxProbes || most != probesAtOnce {
			t.Errorf("%d logs, up to %d at once; want %d, %d", asked, most, maxProbes, probesAtOnce)
		}
		if c := of(got, kindOrgAudit); c.GetResult() != warning || !strings.Contains(c.GetMessage(), "200 organizations can be read; 100 more were not tried") {
			t.Errorf("%v", c)
		}
		if got := problems(got); len(got) != 100 || !strings.HasPrefix(got[250], "not tried: a check reads 200 organizations") {
			t.Errorf("%d problems, %q", len(got), got[250])
		}
	})
}

// TestCheckOfAllOrganizationsIsBounded has logs that take too long.
func TestCheckOfAllOrganizationsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := good()
		g.listed = numbers(40)
		start := time.Now()
		clients := newClients(t, nil, func(c *Config) {
			c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/audit_logs/search") {
					select {
					case <-time.After(9 * time.Second):
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				}
				return inMemory{g}.RoundTrip(r)
			})
		}, at)
		got, err := clients.Check(t.Context(), wholeGroup(), key)
		if err != nil || !got.GetValid() || time.Since(start) != checkTimeout {
			t.Fatalf("%v after %v, %v", err, time.Since(start), got)
		}
		wantWords(t, got)
		if c := of(got, kindOrgAudit); c.GetResult() != warning || !strings.Contains(c.GetMessage(), "16 organizations can be read; 24 more") {
			t.Errorf("%v", c)
		}
		for i, problem := range problems(got) {
			if !strings.HasPrefix(problem, "not tried: ") || !strings.Contains(problem, "20s") {
				t.Errorf("%d: %q", i, problem)
			}
		}

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if got, err := clients.Check(ctx, wholeGroup(), key); got != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("its caller left: %v, %v", got, err)
		}
	})
}

// TestCheckStopsWhereTheCredentialIsStopped has Snyk throttle, or refuse, the
// credential in the middle.
func TestCheckStopsWhereTheCredentialIsStopped(t *testing.T) {
	ok := say{200, empty, nil}
	for name, tt := range map[string]struct {
		good int
		// first is the answer to the good ones, stop that to the rest.
		first  say
		stop   say
		outage bool
		result snykstreamv1.CredentialCheck_Result
		text   string
	}{
		"throttled after some":            {10, ok, say{429, "", []string{"Retry-After", "30"}}, false, warning, "90 more were not tried"},
		"throttled at once":               {0, ok, say{429, "", []string{"Retry-After", "30"}}, true, failed, "try again in 30s"},
		"refused after some":              {10, ok, say{401, "", nil}, false, failed, "not revoked"},
		"refused at once":                 {0, ok, say{401, "", nil}, false, failed, "not revoked"},
		"few are refused, then throttled": {10, say{403, "", nil}, say{429, "", []string{"Retry-After", "30"}}, true, failed, "try again in 30s"},
		"redirected at once":              {0, ok, say{302, "", []string{"Location", "https://login.example/"}}, false, failed, "address of region"},
		"nobody answers any one":          {0, ok, say{503, "", nil}, true, failed, "try again"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				asked := 0
				g := good()
				g.listed = numbers(100)
				clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
					if !strings.HasSuffix(r.URL.Path, "/audit_logs/search") {
						g.ServeHTTP(w, r)
						return
					}
					mu.Lock()
					asked++
					ok := asked <= tt.good
					mu.Unlock()
					time.Sleep(time.Millisecond)
					what := tt.stop
					if ok {
						what = tt.first
					}
					answering(what.status, what.body, what.headers...)(w, r)
				}, at)
				got, err := clients.Check(t.Context(), wholeGroup(), key)
				if got == nil || (err != nil) != tt.outage {
					t.Fatalf("%v, %v", err, got)
				}
				wantWords(t, got)
				c := of(got, kindOrgAudit)
				if said := c.GetMessage() + "; " + c.GetRemedy(); c.GetResult() != tt.result || !strings.Contains(said, tt.text) {
					t.Errorf("%s %q; want %s, %q", c.GetResult(), said, tt.result, tt.text)
				}
				if stopped := tt.stop.status != 503; stopped && asked > tt.good+2*probesAtOnce {
					t.Errorf("%d logs were asked for after %d", asked, tt.good)
				}
				readable := 0
				if tt.first.status == 200 {
					readable = tt.good
				}
				if len(got.GetOrganizations()) != 100 || len(problems(got)) != 100-readable {
					t.Errorf("%d organizations, %d problems", len(got.GetOrganizations()), len(problems(got)))
				}
			})
		})
	}
}

// TestCheckOfAnEmptyGroup has a list without an organization: whether that stands
// in the way depends on what else is read.
func TestCheckOfAnEmptyGroup(t *testing.T) {
	for name, tt := range map[string]struct {
		org    string
		types  []snykstreamv1.LogType
		change func(*region)
		want   snykstreamv1.CredentialCheck_Result
		outage bool
	}{
		"nothing else is read":         {"", types(orgLogType), func(*region) {}, failed, false},
		"the group's log is read":      {"", types(orgLogType, groupLogType), func(*region) {}, warning, false},
		"the group's log may not be":   {"", types(orgLogType, groupLogType), func(g *region) { g.groupLog.status = 403 }, failed, false},
		"the group's log is down":      {"", types(orgLogType, groupLogType), func(g *region) { g.groupLog.status = 503 }, warning, true},
		"one named is read":            {orgID, types(orgLogType), func(*region) {}, passed, false},
		"one named cannot be read":     {orgID, types(orgLogType), func(g *region) { g.log.status = 403 }, failed, false},
		"the one that is named is shy": {orgID, types(orgLogType, groupLogType), func(g *region) { g.log.status = 404 }, failed, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := good()
			g.listed = nil
			tt.change(&g)
			what := wholeGroup()
			what.OrganizationId, what.LogTypes = tt.org, tt.types
			got, err := newClients(t, g.ServeHTTP, at).Check(t.Context(), what, key)
			if got == nil || (err != nil) != tt.outage {
				t.Fatalf("%v, %v", err, got)
			}
			wantWords(t, got)
			if c := of(got, kindOrgAudit); c.GetResult() != tt.want {
				t.Errorf("%v, want %v", c, tt.want)
			}
		})
	}
}

// TestCheckAsksAnewAfterOneRefusal has Snyk refuse the credential once, or one
// organization's log always.
func TestCheckAsksAnewAfterOneRefusal(t *testing.T) {
	for name, tt := range map[string]struct {
		refusals int
		want     snykstreamv1.CredentialCheck_Result
	}{"once": {1, passed}, "twice": {2, failed}} {
		t.Run(name, func(t *testing.T) {
			g := good()
			g.listed = numbers(3)
			var mu sync.Mutex
			asked := 0
			got, err := newClients(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if strings.HasSuffix(r.URL.Path, orgNumber(1)+"/audit_logs/search") {
					if asked++; asked <= tt.refusals {
						answering(401, "")(w, r)
						return
					}
				}
				g.ServeHTTP(w, r)
			}, at).Check(t.Context(), wholeGroup(), key)
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, got)
			if c := of(got, kindOrgAudit); c.GetResult() != tt.want || asked != 2 {
				t.Errorf("%v after %d requests, want %v after 2", c, asked, tt.want)
			}
			if c := of(got, kindOrgAudit); tt.want == failed && !strings.Contains(c.GetRemedy(), "the group is in region") {
				t.Errorf("remedy %q speaks of another place than the group", c.GetRemedy())
			}
		})
	}
}
