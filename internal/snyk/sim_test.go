package snyk

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// world is a simulator behind a real connection, with an organization.
type world struct {
	*snyksim.Sim

	org     snyksim.Org
	clients *Clients
	search  audit.Search
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim, err := snyksim.New(snyksim.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	clients, err := New(Config{Endpoints: map[snykstreamv1.Region]string{us: srv.URL}, Budget: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clients.Close)
	org := sim.AddOrg("Goof")
	now := time.Now().Truncate(time.Millisecond)
	return &world{sim, org, clients, audit.Search{
		Feed: audit.Feed{Scope: audit.ScopeOrg, ID: org.ID}, From: now.Add(-time.Hour), To: now.Add(time.Hour),
	}}
}

// credential is one of a kind that may read the organization.
func (w *world) credential(kind snyksim.TokenKind, grants ...snyksim.Grant) audit.Credential {
	if len(grants) == 0 {
		grants = []snyksim.Grant{snyksim.OrgAdmin(w.org.ID)}
	}
	tok := w.AddToken(snyksim.Token{Kind: kind, Grants: grants})
	return audit.Credential{
		Token: audit.NewSecret(tok.Value), ClientID: tok.ClientID, ClientSecret: audit.NewSecret(tok.ClientSecret),
	}
}

// groupAdmin is a credential that may read everything.
func (w *world) groupAdmin() audit.Credential {
	return w.credential(snyksim.LegacyToken, snyksim.GroupAdmin(w.org.GroupID))
}

// foreignLink makes links lead away.
func foreignLink(origin string) snyksim.Fault {
	return snyksim.Fault{Effect: snyksim.ForeignLink(origin)}
}

// fill adds records, some of which no one would expect.
func (w *world) fill(n int) {
	for i := range n {
		w.Append(w.org.ID, snyksim.Record{
			Event: "org.project.add", Created: w.search.From.Add(time.Duration(i) * time.Second),
			Content: fmt.Sprintf(`{"n": %d, "":"\u00e9 <&>", "big":12345678901234567890}`, i),
		})
	}
}

// TestReadsWhatTheSimulatorHolds follows links of every form to the end, and
// compares bytes.
func TestReadsWhatTheSimulatorHolds(t *testing.T) {
	forms := map[string]snyksim.LinkForm{
		"relative": snyksim.LinkRelative, "bare": snyksim.LinkBare, "absolute": snyksim.LinkAbsolute,
		"object": snyksim.LinkObject, "absolute object": snyksim.LinkObjectAbsolute,
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fill(250)
			w.Inject(snyksim.Fault{Effect: snyksim.Link(form)})
			client := w.clients.For(us, w.credential(snyksim.OAuthClient))
			answer, err := client.Search(t.Context(), w.search)
			var got [][]byte
			for pages := 1; ; pages++ {
				if err != nil || pages > 3 {
					t.Fatalf("page %d: %v", pages, err)
				}
				got = append(got, answer.Items...)
				if answer.Next == "" {
					break
				}
				answer, err = client.Follow(t.Context(), w.search, answer.Next)
			}
			want := w.Emitted(w.org.ID)
			if len(got) != len(want) {
				t.Fatalf("%d records, want %d", len(got), len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i], []byte(want[i].Raw)) {
					t.Fatalf("record %d:\n%s, want\n%s", i, got[i], want[i].Raw)
				}
			}
			if n := w.AccessTokensIssued(); n != 1 {
				t.Errorf("%d access tokens for three pages, want 1", n)
			}
		})
	}
}

// TestFaultsOfTheSimulator gives each fault its class.
func TestFaultsOfTheSimulator(t *testing.T) {
	elsewhere := newStranger(t)
	tests := []struct {
		name   string
		effect snyksim.Effect
		want   audit.SnykClass
	}{
		{"503 HTML", snyksim.Status(503, snyksim.BodyHTML), audit.SnykUnavailable},
		{"403 code and message", snyksim.Status(403, snyksim.BodyCodeMessage), audit.SnykForbidden},
		{"410", snyksim.Status(410, snyksim.BodyEmpty), audit.SnykGone},
		{"200 with an empty object", snyksim.ReplaceBody("{}"), audit.SnykBadAnswer},
		{"reset", snyksim.Reset(), audit.SnykUnavailable},
		{"answer lost", snyksim.LoseAnswer(), audit.SnykUnavailable},
		{"cut", snyksim.CutBody(0.5), audit.SnykUnavailable},
		{"short", snyksim.ShortBody(0.5), audit.SnykUnavailable},
		{"truncated", snyksim.TruncateBody(0.5), audit.SnykUnavailable},
		{"deep", snyksim.DeepBody(20_000), audit.SnykBadAnswer},
		{"redirect", snyksim.Redirect(elsewhere.URL), audit.SnykForeignLink},
		{"throttle", snyksim.Throttle(time.Minute, snyksim.HintRetryAfterDate), audit.SnykRateLimited},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.fill(3)
			fault := w.Inject(snyksim.Fault{Effect: tt.effect, Times: 1})
			_, err := w.clients.For(us, w.credential(snyksim.LegacyToken)).Search(t.Context(), w.search)
			wantClass(t, err, tt.want)
			if fault.Fired() != 1 {
				t.Errorf("the fault fired %d times", fault.Fired())
			}
		})
	}
}

func TestFaultsThatHarmNothing(t *testing.T) {
	for name, effect := range map[string]snyksim.Effect{
		"invalid UTF-8": snyksim.CorruptUTF8(), "content type": snyksim.ContentType("text/html"),
		"repeated items": snyksim.RepeatItems(), "large": snyksim.HugeBody(4 << 20), "deep": snyksim.DeepBody(5000),
		"no date": snyksim.Header("Date", ""),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fill(3)
			w.Inject(snyksim.Fault{Effect: effect})
			got, err := w.clients.For(us, w.credential(snyksim.LegacyToken)).Search(t.Context(), w.search)
			if err != nil || len(got.Items) < 3 {
				t.Errorf("%d records, %v", len(got.Items), err)
			}
		})
	}
}

func TestForeignLinkOfTheSimulator(t *testing.T) {
	elsewhere := newStranger(t)
	w := newWorld(t)
	w.fill(101)
	w.Inject(snyksim.Fault{Effect: snyksim.ForeignLink(elsewhere.URL)})
	client := w.clients.For(us, w.credential(snyksim.LegacyToken))
	answer, err := client.Search(t.Context(), w.search)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Follow(t.Context(), w.search, answer.Next)
	wantClass(t, err, audit.SnykForeignLink)
}

func TestOAuthTokensOfTheSimulatorEnd(t *testing.T) {
	w := newWorld(t)
	client := w.clients.For(us, w.credential(snyksim.OAuthClient))
	for want := 1; want <= 2; want++ {
		if _, err := client.Search(t.Context(), w.search); err != nil || w.AccessTokensIssued() != want {
			t.Fatalf("%v, %d access tokens, want %d", err, w.AccessTokensIssued(), want)
		}
		w.ExpireAccessTokens()
	}
}

func TestAPIAccessIsReadApart(t *testing.T) {
	w := newWorld(t)
	w.fill(1)
	w.Append(w.org.ID, snyksim.Record{Event: "api.access", Created: w.search.From})
	client := w.clients.For(us, w.credential(snyksim.LegacyToken))
	for _, lane := range []audit.LaneKind{audit.LaneDefault, audit.LaneAPIAccess} {
		q := w.search
		q.Lane = lane
		got, err := client.Search(t.Context(), q)
		if err != nil || len(got.Items) != 1 {
			t.Fatalf("lane %d: %d records, %v", lane, len(got.Items), err)
		}
		if isAccess := bytes.Contains(got.Items[0], []byte("api.access")); isAccess != (lane == audit.LaneAPIAccess) {
			t.Errorf("lane %d: %s", lane, got.Items[0])
		}
	}
}

// TestCheckAgainstTheSimulator tries credentials of every kind and right.
func TestCheckAgainstTheSimulator(t *testing.T) {
	w := newWorld(t)
	what := &snykstreamv1.SnykConfig{OrganizationId: w.org.ID}
	for name, cred := range map[string]audit.Credential{
		"API token": w.credential(snyksim.LegacyToken), "personal": w.credential(snyksim.PersonalAccessToken),
		"service account": w.credential(snyksim.ServiceAccountToken), "OAuth client": w.credential(snyksim.OAuthClient),
		"least privilege": w.credential(snyksim.LegacyToken, snyksim.Allow(w.org.ID, snyksim.OrgAuditRead)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := w.clients.Check(t.Context(), what, cred)
			if err != nil || !got.GetValid() || got.GetCredential().GetPrincipal() == "" {
				t.Fatalf("%v, %v", err, got)
			}
			wantWords(t, got)
			if lookedUp := results(got)["ORGANIZATION_READABLE"] == "PASSED"; lookedUp != (got.GetGroupId() == w.org.GroupID) {
				t.Errorf("group %q: %v", got.GetGroupId(), results(got))
			}
		})
	}
	for name, cred := range map[string]audit.Credential{
		"unknown": key, "no right": w.credential(snyksim.LegacyToken, snyksim.Allow(w.org.ID, snyksim.OrgRead)),
		"unknown OAuth client": oauth, "viewer": w.credential(snyksim.LegacyToken, snyksim.GroupViewer(w.org.GroupID)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := w.clients.Check(t.Context(), what, cred)
			if err != nil || got.GetValid() {
				t.Fatalf("%v, %v", err, got)
			}
			wantWords(t, got)
		})
	}
}
