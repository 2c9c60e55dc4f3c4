package server_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// elsewhere is a host that is not Snyk's, and the ways to write its address that
// lead there, in order of their names.
func elsewhere(h *servertest.House) (names []string, origins map[string]string) {
	host := httptest.NewServer(h.Sim.Foreign())
	h.T.Cleanup(host.Close)
	origins = snyksim.ForeignOrigins(h.API.Host, host.Listener.Addr().String())
	return slices.Sorted(maps.Keys(origins)), origins
}

// wantNobodyThere fails if anything was asked of the host that is not Snyk's.
func wantNobodyThere(h *servertest.House) {
	h.T.Helper()
	for _, r := range h.Sim.Requests() {
		if r.Kind == snyksim.KindForeign {
			h.T.Errorf("%s %s%s was asked for, with the credential %q", r.Method, r.Host, r.Path, r.Token)
		}
	}
}

// TestForeignLinksAreNotFollowed: links and redirects of audit answers that lead
// to another host, however they are written, are refused and shown, and the
// reading goes on from where it was once they are gone.
func TestForeignLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	h := servertest.UnstartedWith(t, snyksim.Config{RateLimit: servertest.WideLimits()})
	h.Start()
	names, origins := elsewhere(h)
	req := h.GroupRequest("my-group")
	req.Source.Snyk.LogTypes = []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT}
	req.Source.Paused = new(true)
	h.CreateAs(req)

	// How each feed is led elsewhere, and whether the host is written as the standard
	// has it: of what is not, any error will do.
	led, plain := map[string]string{}, map[string]bool{}
	crowd := time.Now().Add(-24 * time.Hour)
	records := func() servertest.Records {
		out := servertest.Records{}
		for feed := range led {
			out[feed] = h.Sim.Emitted(feed[len("org/"):])
		}
		return out
	}
	for _, name := range names {
		for kind, effect := range map[string]snyksim.Effect{
			"link": snyksim.ForeignLink(origins[name]), "redirect": snyksim.Redirect(origins[name]),
		} {
			org := h.Sim.PutOrg(snyksim.Org{Name: name, GroupID: h.Group.ID})
			feed := servertest.OrgFeed(org.ID)
			to, err := url.Parse(strings.TrimSpace(origins[name]) + "/")
			led[feed], plain[feed] = kind+": "+name, err == nil && to.Host != ""
			for i := range 110 { // one instant over two answers: the link has to be followed
				h.Sim.Append(org.ID, snyksim.Record{Created: crowd, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i)})
			}
			h.Sim.Inject(snyksim.Fault{
				Match:  snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindOrgAudit}, ScopeIDs: []string{org.ID}},
				Effect: effect,
			})
		}
	}
	h.Update(&snykstreamv1.Source{Id: "my-group", Paused: new(false)}, nil, "paused")
	var missed []string
	h.Eventually(func() bool {
		missed = nil
		status := h.Source("my-group").GetStatus()
		for feed, name := range led {
			trouble := servertest.FeedOf(status, feed).GetLastError()
			if trouble == nil || plain[feed] && trouble.GetReason() != "SNYK_FOREIGN_LINK" {
				missed = append(missed, fmt.Sprintf("%s: %v", name, trouble))
			}
		}
		return len(missed) == 0
	}, func() { t.Errorf("not seen as leading elsewhere: %q", missed) })
	wantNobodyThere(h)
	h.Sim.ClearFaults()
	r := h.NewReader()
	r.UntilAll(records)
	r.ExactFeeds(records())
	status := h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY).GetStatus()
	for feed, name := range led {
		if trouble := servertest.FeedOf(status, feed).GetLastError(); trouble != nil {
			t.Errorf("%s still shows %v", name, trouble)
		}
	}
	wantNobodyThere(h)
}

// TestForeignLinksInListsAreNotFollowed: neither are those of the group's list of
// organizations and of whatever else is asked of Snyk to check credentials.
func TestForeignLinksInListsAreNotFollowed(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	names, origins := elsewhere(h)
	for i := range 15 {
		h.Sim.PutOrg(snyksim.Org{Name: fmt.Sprintf("Org %d", i), GroupID: h.Group.ID})
	}
	redirected := []snyksim.Kind{
		snyksim.KindGroupOrgs, snyksim.KindSelf, snyksim.KindGroup, snyksim.KindOAuth, snyksim.KindOrgAudit, snyksim.KindGroupAudit,
	}
	list := []snyksim.Kind{snyksim.KindGroupOrgs}
	var links []*snyksim.Injected
	for i, name := range names {
		// A page that has more behind it, and the link to that leads elsewhere.
		effect := snyksim.Together("link in a list", snyksim.ShortPages(10), snyksim.ForeignLink(origins[name]))
		links = append(links, h.Sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: list}, Times: 1, Effect: effect}))
		check(h, snyksim.LegacyToken)
		redirect := h.Sim.Inject(snyksim.Fault{
			Match: snyksim.Match{Kinds: redirected[i%len(redirected):][:1]}, Effect: snyksim.Redirect(origins[name]),
		})
		check(h, snyksim.OAuthClient)
		if redirect.Fired() == 0 {
			t.Errorf("no %v was asked for", redirected[i%len(redirected)])
		}
		redirect.Remove()
	}
	for i, link := range links {
		if link.Fired() == 0 {
			t.Errorf("no list was read that had the link %q", names[i])
		}
	}

	// A source that is made while its list leads elsewhere says so, and heals.
	h.Sim.Inject(snyksim.Fault{
		Match:  snyksim.Match{Kinds: list},
		Effect: snyksim.Together("link in a list", snyksim.ShortPages(10), snyksim.ForeignLink(origins[names[0]])),
	})
	req := h.GroupRequest("my-group")
	req.AllowUnverified = true
	h.CreateAs(req)
	h.Await("my-group", "short of its organizations", func(status *snykstreamv1.SourceStatus) bool {
		return status.GetState() == snykstreamv1.SourceState_SOURCE_STATE_DEGRADED && len(status.GetWarnings()) > 0
	})
	h.Sim.ClearFaults()
	status := h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY).GetStatus()
	if len(status.GetFeeds()) != 17 || len(status.GetWarnings()) != 0 {
		t.Errorf("%d feeds in the end, with the warnings %q", len(status.GetFeeds()), status.GetWarnings())
	}
	wantNobodyThere(h)
}

// check has a credential of a kind checked; what comes of it does not matter.
func check(h *servertest.House, kind snyksim.TokenKind) {
	h.T.Helper()
	token := h.Sim.AddToken(snyksim.Token{Kind: kind, Grants: []snyksim.Grant{snyksim.GroupAdmin(h.Group.ID)}})
	_, err := h.Sources().ValidateCredentials(h.T.Context(), &snykstreamv1.ValidateCredentialsRequest{
		Snyk:        &snykstreamv1.SnykConfig{GroupId: h.Group.ID, AllOrganizations: new(true)},
		Credentials: servertest.Credentials(token),
	})
	if err != nil {
		h.T.Fatal(err)
	}
}
