package servertest

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// CreateRequest asks for a source of the house's organization.
func (h *House) CreateRequest(id string) *snykstreamv1.CreateSourceRequest {
	return &snykstreamv1.CreateSourceRequest{
		SourceId: id,
		Source: &snykstreamv1.Source{
			DisplayName: "My Snyk logs",
			Snyk:        &snykstreamv1.SnykConfig{OrganizationId: h.Org.ID, PollInterval: durationpb.New(PollInterval)},
		},
		Credentials: Credentials(h.Token),
	}
}

// GroupRequest asks for a source of the house's group and all its organizations,
// with a credential of its own that may read them all.
func (h *House) GroupRequest(id string) *snykstreamv1.CreateSourceRequest {
	req := h.CreateRequest(id)
	req.Source.Snyk.OrganizationId, req.Source.Snyk.GroupId = "", h.Group.ID
	req.Source.Snyk.AllOrganizations = new(true)
	req.Credentials = Credentials(h.Sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.GroupAdmin(h.Group.ID)}}))
	return req
}

// Credentials are those of a token of the simulator.
func Credentials(of snyksim.Token) *snykstreamv1.Credentials {
	if of.Kind == snyksim.OAuthClient {
		client := &snykstreamv1.OAuthClient{ClientId: of.ClientID, ClientSecret: of.ClientSecret}
		return &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_OauthClient{OauthClient: client}}
	}
	return &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_ApiToken{ApiToken: of.Value}}
}

// Create creates a source of the house's organization.
func (h *House) Create(id string) *snykstreamv1.Source {
	h.T.Helper()
	return h.CreateAs(h.CreateRequest(id))
}

// CreateAs creates a source as asked for.
func (h *House) CreateAs(req *snykstreamv1.CreateSourceRequest) *snykstreamv1.Source {
	h.T.Helper()
	answer, err := h.Sources().CreateSource(h.T.Context(), req)
	if err != nil {
		h.T.Fatal(err)
	}
	return answer.GetSource()
}

// Update changes the paths of a source to what they are in change, whose id names
// it. New credentials may be nil.
func (h *House) Update(change *snykstreamv1.Source, credentials *snykstreamv1.Credentials, paths ...string) *snykstreamv1.Source {
	h.T.Helper()
	req := &snykstreamv1.UpdateSourceRequest{Source: change, Credentials: credentials}
	if len(paths) > 0 {
		req.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
	}
	answer, err := h.Sources().UpdateSource(h.T.Context(), req)
	if err != nil {
		h.T.Fatal(err)
	}
	return answer.GetSource()
}

// Source is a source as the server tells of it now.
func (h *House) Source(id string) *snykstreamv1.Source {
	h.T.Helper()
	answer, err := h.Sources().GetSource(h.T.Context(), &snykstreamv1.GetSourceRequest{SourceId: id})
	if err != nil {
		h.T.Fatal(err)
	}
	return answer.GetSource()
}

// Coverage is what the server says of the time it has read of a source, by feed.
func (h *House) Coverage(id string) map[string]*snykstreamv1.FeedCoverage {
	h.T.Helper()
	answer, err := h.Sources().GetCoverage(h.T.Context(), &snykstreamv1.GetCoverageRequest{SourceId: id})
	if err != nil {
		h.T.Fatal(err)
	}
	feeds := make(map[string]*snykstreamv1.FeedCoverage, len(answer.GetFeeds()))
	for _, feed := range answer.GetFeeds() {
		feeds[feed.GetFeed()] = feed
	}
	return feeds
}

// Await asks for a source until it is as wanted, and returns it.
func (h *House) Await(id, want string, holds func(*snykstreamv1.SourceStatus) bool) *snykstreamv1.Source {
	h.T.Helper()
	var source *snykstreamv1.Source
	h.Eventually(func() bool {
		source = h.Source(id)
		return holds(source.GetStatus())
	}, func() { h.T.Fatalf("%s never was %s; in the end %v", id, want, source.GetStatus()) })
	return source
}

// AwaitState asks for a source until it is in a state, and returns it.
func (h *House) AwaitState(id string, want snykstreamv1.SourceState) *snykstreamv1.Source {
	h.T.Helper()
	return h.Await(id, want.String(), func(status *snykstreamv1.SourceStatus) bool { return status.GetState() == want })
}

// glance is how often a test looks at what must come.
const glance = 50 * time.Millisecond

// Eventually looks until something holds, and calls otherwise when patience ends.
func (h *House) Eventually(holds func() bool, otherwise func()) {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(h.T.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			otherwise()
			return
		}
	}
}

// FeedOf is the status of one feed, nil where the source does not read it.
func FeedOf(status *snykstreamv1.SourceStatus, feed string) *snykstreamv1.FeedStatus {
	for _, f := range status.GetFeeds() {
		if f.GetFeed() == feed {
			return f
		}
	}
	return nil
}
