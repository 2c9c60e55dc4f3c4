package snyk

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func testSessions() *sessions {
	return newSessions(func() *pacer { return newPacer(limits, 0.5) })
}

func keyOf(n int) sessionKey { return sessionKey{region: us, credential: strconv.Itoa(n)} }

func TestSessionsAreShared(t *testing.T) {
	table := testSessions()
	a, leave := table.enter(keyOf(1))
	leave()
	b, leave := table.enter(keyOf(1))
	leave()
	if c, leave := table.enter(sessionKey{region: us + 1, credential: "1"}); a != b || c == a {
		t.Errorf("one credential: %v, another region: %v; want true, false", a == b, c == a)
	} else {
		leave()
	}
}

func TestIdleSessionsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := testSessions()
		busy, leaveBusy := table.enter(keyOf(1))
		idle, leave := table.enter(keyOf(2))
		leave()
		time.Sleep(sessionIdle - time.Minute)
		_, leave = table.enter(keyOf(3))
		leave()
		if len(table.byKey) != 3 {
			t.Fatalf("%d sessions before their time, want 3", len(table.byKey))
		}
		time.Sleep(time.Minute)
		_, leave = table.enter(keyOf(4))
		leave()
		if len(table.byKey) != 3 {
			t.Errorf("%d sessions, want 3: busy, new and newer", len(table.byKey))
		}
		again, leave := table.enter(keyOf(1))
		leave()
		if again != busy {
			t.Error("a session in use was dropped")
		}
		if again, leave = table.enter(keyOf(2)); again == idle {
			t.Error("an idle session was kept")
		}
		leave()
		leaveBusy()
	})
}

func TestSessionOutlivesItsWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := testSessions()
		kept, leave := table.enter(keyOf(1))
		kept.pace.Adopt([]Window{{1000, 24 * time.Hour}})
		leave()
		enter := func(n int) *session {
			s, leave := table.enter(keyOf(n))
			leave()
			return s
		}
		time.Sleep(24*time.Hour - time.Second)
		enter(2)
		if enter(1) != kept {
			t.Error("a session was dropped before the end of its longest window")
		}
		time.Sleep(24 * time.Hour)
		enter(3)
		if enter(1) == kept {
			t.Error("a session was kept beyond its longest window")
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := newPacer(limits, 0.5)
		table := newSessions(func() *pacer { return pace })
		busy, leaveBusy := table.enter(keyOf(0))
		for n := 1; n <= maxSessions+10; n++ {
			_, leave := table.enter(keyOf(n))
			leave()
			time.Sleep(time.Millisecond)
		}
		if len(table.byKey) != maxSessions {
			t.Errorf("%d sessions, want %d", len(table.byKey), maxSessions)
		}
		if again, leave := table.enter(keyOf(0)); again != busy {
			t.Error("a session in use was dropped")
		} else {
			leave()
		}
		if _, ok := table.byKey[keyOf(maxSessions+10)]; !ok {
			t.Error("the newest is gone")
		}
		leaveBusy()
	})
}

func TestConfig(t *testing.T) {
	bad := map[string]Config{
		"budget above all":   {Budget: 1.5},
		"negative budget":    {Budget: -1},
		"negative timeout":   {Timeout: -1},
		"window of no time":  {Windows: []Window{{1, 0}}},
		"window of no count": {Windows: []Window{{0, 1}}},
	}
	for name, text := range map[string]string{
		"no scheme": "api.snyk.io", "another scheme": "ftp://api.snyk.io", "no host": "https://", "only a port": "https://:80",
		"a path": "https://api.snyk.io/rest", "a query": "https://api.snyk.io?x=1", "a password": "https://a:hunter2@api.snyk.io",
		"no URL": "https://a:hunter2@[", "empty": "",
	} {
		bad["endpoint: "+name] = Config{Endpoints: map[snykstreamv1.Region]string{us: text}}
	}
	bad["endpoint without a region"] = Config{
		Endpoints: map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_UNSPECIFIED: "https://api.snyk.io"},
	}
	for name, cfg := range bad {
		t.Run(name, func(t *testing.T) {
			_, err := New(cfg)
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an error without a password", err)
			}
		})
	}
}

func TestEveryRegionHasAnEndpoint(t *testing.T) {
	clients := newClients(t, nil)
	for number, name := range snykstreamv1.Region_name {
		at := clients.For(snykstreamv1.Region(number), key).base
		if at == nil || at.Scheme != "https" {
			t.Errorf("%s is at %v", name, at)
		}
	}
}

func TestEndpointsAreReplacedOneByOne(t *testing.T) {
	var hosts []string
	clients := newClients(t, func(w http.ResponseWriter, r *http.Request) {
		hosts = append(hosts, r.URL.Scheme+"://"+r.URL.Host)
		answering(200, empty)(w, r)
	}, func(c *Config) {
		c.Endpoints = map[snykstreamv1.Region]string{us: "http://127.0.0.1:9000/"}
	})
	for _, region := range []snykstreamv1.Region{us, snykstreamv1.Region_REGION_SNYK_GOV_01} {
		if _, err := search(t, clients.For(region, audit.Credential{Token: audit.NewSecret(token)})); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(hosts, " "); got != "http://127.0.0.1:9000 https://api.snykgov.io" {
		t.Errorf("asked %s", got)
	}
}
