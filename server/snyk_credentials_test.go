package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestRevokedToken: a token that ends shows within two polls, and a new one heals
// the source, with nothing lost and nothing repeated.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	revoked(t, snyksim.LegacyToken)
}

// TestRevokedOAuthClient: the same holds of an OAuth2 client.
func TestRevokedOAuthClient(t *testing.T) {
	t.Parallel()
	revoked(t, snyksim.OAuthClient)
}

func revoked(t *testing.T, kind snyksim.TokenKind) {
	t.Helper()
	h := servertest.New(t)
	add := func() snyksim.Token {
		return h.Sim.AddToken(snyksim.Token{Kind: kind, Grants: []snyksim.Grant{snyksim.OrgAdmin(h.Org.ID)}})
	}
	records := func() servertest.Records {
		return servertest.Records{servertest.OrgFeed(h.Org.ID): h.Sim.Emitted(h.Org.ID)}
	}
	old := add()
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 150})
	req := h.CreateRequest("my-snyk")
	req.Credentials = servertest.Credentials(old)
	h.CreateAs(req)
	r := h.NewReader()
	r.UntilAll(records)
	h.AwaitState("my-snyk", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)

	h.Sim.ResetRequests()
	h.Sim.Revoke(old.Value)
	h.Sim.Revoke(old.ClientID)
	h.AwaitState("my-snyk", snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED)
	if n := refusedPolls(h); n < 1 || n > 2 {
		t.Errorf("shown after %d polls that were refused", n)
	}
	h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.edit", Content: `{"while":"locked out"}`})

	fresh := add()
	updated := h.Update(&snykstreamv1.Source{Id: "my-snyk"}, servertest.Credentials(fresh))
	if got := updated.GetStatus().GetCredential().GetLastFour(); !strings.HasSuffix(fresh.Value+fresh.ClientID, got) || len(got) != 4 {
		t.Errorf("the source has credentials that end with %q", got)
	}
	h.AwaitState("my-snyk", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	r.UntilAll(records)
	h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.edit", Content: `{"after":"all"}`})
	r.UntilAll(records)
	r.ExactFeeds(records())
}

// refusedPolls are the audit requests that were answered with 401.
func refusedPolls(h *servertest.House) int {
	n := 0
	for _, r := range h.Sim.Requests() {
		if r.Status == http.StatusUnauthorized && r.Kind == snyksim.KindOrgAudit {
			n++
		}
	}
	return n
}

// TestCredentialsOfAGroup: the same holds of a source with many feeds, which share
// one credential: all of them heal.
func TestCredentialsOfAGroup(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	for i := range 5 {
		h.Sim.PutOrg(snyksim.Org{Name: fmt.Sprintf("Org %d", i), GroupID: h.Group.ID})
	}
	req := h.GroupRequest("my-group")
	h.CreateAs(req)
	h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	h.Sim.Revoke(req.GetCredentials().GetApiToken())
	h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_AUTH_FAILED)
	h.Update(&snykstreamv1.Source{Id: "my-group"}, h.GroupRequest("").GetCredentials())
	status := h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY).GetStatus()
	if len(status.GetFeeds()) != 7 {
		t.Errorf("healed with %d feeds", len(status.GetFeeds()))
	}
	for _, feed := range status.GetFeeds() {
		if feed.GetLastError() != nil {
			t.Errorf("%s still shows %v", feed.GetFeed(), feed.GetLastError())
		}
	}
}
