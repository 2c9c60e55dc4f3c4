package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// siblings is a source of three organizations of a group, of which the last will
// be in trouble.
type siblings struct {
	*servertest.House
	reader *servertest.Reader
	orgs   []snyksim.Org
	bad    string
	// silent are the feeds that nothing is awaited of.
	silent map[string]bool
}

func newSiblings(h *servertest.House) *siblings {
	s := &siblings{House: h, reader: h.NewReader(), orgs: []snyksim.Org{h.Org}, silent: map[string]bool{}}
	for i := range 2 {
		s.orgs = append(s.orgs, h.Sim.PutOrg(snyksim.Org{Name: fmt.Sprintf("Sibling %d", i), GroupID: h.Group.ID}))
	}
	s.bad = servertest.OrgFeed(s.orgs[2].ID)
	for _, org := range s.orgs {
		h.Sim.Generate(org.ID, snyksim.History{Records: 40})
	}
	return s
}

func (s *siblings) request() *snykstreamv1.CreateSourceRequest {
	req := s.GroupRequest("my-group")
	req.Source.Snyk.LogTypes = []snykstreamv1.LogType{snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT}
	return req
}

// deliver has something happen in every organization, and everything that is not
// held back come.
func (s *siblings) deliver(what string) {
	s.T.Helper()
	for _, org := range s.orgs {
		s.Sim.Append(org.ID, snyksim.Record{Event: "org.edit", Content: fmt.Sprintf("{%q:1}", what)})
	}
	s.reader.UntilAll(s.records)
	s.reader.ExactFeeds(s.records())
}

func (s *siblings) records() servertest.Records {
	out := servertest.Records{}
	for _, org := range s.orgs {
		if feed := servertest.OrgFeed(org.ID); !s.silent[feed] {
			out[feed] = s.Sim.Emitted(org.ID)
		}
	}
	return out
}

// wantTrouble fails unless the one feed shows the reason, and the others none.
func (s *siblings) wantTrouble(status *snykstreamv1.SourceStatus, reason string) {
	s.T.Helper()
	for _, feed := range status.GetFeeds() {
		want := ""
		if feed.GetFeed() == s.bad {
			want = reason
		}
		if got := feed.GetLastError().GetReason(); got != want {
			s.T.Errorf("%s shows %q, want %q", feed.GetFeed(), got, want)
		}
	}
	if len(status.GetFeeds()) != len(s.orgs) {
		s.T.Errorf("%d feeds", len(status.GetFeeds()))
	}
}

// TestOneFailingOrganization: while one organization's log answers 500 the others
// go on, the source is DEGRADED and says which; then it catches up.
func TestOneFailingOrganization(t *testing.T) {
	t.Parallel()
	s := newSiblings(servertest.New(t))
	s.CreateAs(s.request())
	s.reader.UntilAll(s.records)
	s.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	fault := s.Sim.Inject(snyksim.Fault{
		Match:  snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindOrgAudit}, ScopeIDs: []string{s.orgs[2].ID}},
		Effect: snyksim.Status(http.StatusInternalServerError, snyksim.BodyHTML),
	})
	status := s.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_DEGRADED).GetStatus()
	s.wantTrouble(status, "SNYK_UNAVAILABLE")
	if !strings.Contains(status.GetMessage(), s.bad) {
		t.Errorf("message %q", status.GetMessage())
	}
	before := len(s.reader.Events)
	for _, org := range s.orgs {
		s.Sim.Append(org.ID, snyksim.Record{Event: "org.edit", Content: `{"while":"failing"}`})
	}
	s.reader.Until(func(r *servertest.Reader) bool { return len(r.Events) == before+2 })
	if fault.Fired() == 0 {
		t.Error("nothing failed")
	}
	fault.Remove()
	s.reader.UntilAll(s.records)
	s.reader.ExactFeeds(s.records())
	s.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
}

// TestOneForbiddenOrganization: that an organization found in the group may not be
// read is a warning, and no failure of the source. Once it may be, it is.
func TestOneForbiddenOrganization(t *testing.T) {
	t.Parallel()
	s := newSiblings(servertest.New(t))
	free := s.orgs[2]
	free.FreePlan = true
	s.Sim.PutOrg(free)
	s.silent[s.bad] = true
	s.CreateAs(s.request())
	s.reader.UntilAll(s.records)
	warned := func(status *snykstreamv1.SourceStatus) bool {
		return slices.ContainsFunc(status.GetWarnings(), func(text string) bool { return strings.Contains(text, s.bad) })
	}
	status := s.Await("my-group", "healthy with a warning", func(status *snykstreamv1.SourceStatus) bool {
		return status.GetState() == snykstreamv1.SourceState_SOURCE_STATE_HEALTHY && warned(status)
	}).GetStatus()
	s.wantTrouble(status, "SNYK_FORBIDDEN")
	s.deliver("while forbidden")

	free.FreePlan, s.silent[s.bad] = false, false
	s.Sim.PutOrg(free)
	s.reader.UntilAll(s.records)
	s.reader.ExactFeeds(s.records())
	s.Await("my-group", "healthy without a warning", func(status *snykstreamv1.SourceStatus) bool {
		return status.GetState() == snykstreamv1.SourceState_SOURCE_STATE_HEALTHY && !warned(status)
	})
}

// TestForbiddenOrganizationByName: one that is asked for by name and may not be
// read is a failure, which leaves the group's log alone.
func TestForbiddenOrganizationByName(t *testing.T) {
	t.Parallel()
	h := servertest.New(t)
	h.Sim.Generate(h.Group.ID, snyksim.History{Records: 40, End: time.Now().Add(-20 * time.Minute)})
	req := h.GroupRequest("my-group")
	req.Source.Snyk.AllOrganizations, req.Source.Snyk.OrganizationId = nil, h.Org.ID
	h.CreateAs(req)
	h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_HEALTHY)
	h.Org.FreePlan = true
	h.Sim.PutOrg(h.Org)
	status := h.AwaitState("my-group", snykstreamv1.SourceState_SOURCE_STATE_DEGRADED).GetStatus()
	if got := servertest.FeedOf(status, servertest.OrgFeed(h.Org.ID)); got.GetState() != snykstreamv1.SourceState_SOURCE_STATE_NOT_ENTITLED || got.GetLastError().GetReason() != "SNYK_FORBIDDEN" {
		t.Errorf("the organization's feed is %v", got)
	}
	h.Sim.Append(h.Group.ID, snyksim.Record{Event: "group.edit", Content: `{"while":"forbidden"}`})
	records := func() servertest.Records {
		return servertest.Records{servertest.GroupFeed(h.Group.ID): h.Sim.Emitted(h.Group.ID)}
	}
	r := h.NewReader()
	r.UntilAll(records)
	r.ExactFeeds(records())
}
