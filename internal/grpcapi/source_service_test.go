package grpcapi

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

func TestNewSourceServiceWantsItsParts(t *testing.T) {
	if _, err := NewSourceService(SourceConfig{}); err == nil {
		t.Error("made of nothing")
	}
}

func TestGetSource(t *testing.T) {
	w := newWorld(t)
	created := w.create(t, "mine")
	w.board["mine"] = snykstreamv1.SourceState_SOURCE_STATE_LAGGING
	answer, err := w.client.GetSource(t.Context(), &snykstreamv1.GetSourceRequest{SourceId: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	created.Status.State = snykstreamv1.SourceState_SOURCE_STATE_LAGGING
	if diff := cmp.Diff(created, answer.GetSource(), protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w.sources.records["mine"].Source.GetStatus() != nil {
		t.Error("the registry's record was changed")
	}
}

// An id that cannot be one is nobody's, and does not reach the registry, whose
// keys have a syntax of their own.
func TestNoSuchSource(t *testing.T) {
	for _, id := range []string{"none", "No-Source", "a.b", "*", ">", strings.Repeat("a", 100), "snyk_uat.secret"} {
		t.Run(id, func(t *testing.T) {
			w := newWorld(t)
			if id != "none" {
				w.sources.fail = fmt.Errorf("asked for %q", id)
			}
			ctx := t.Context()
			_, err := w.client.GetSource(ctx, &snykstreamv1.GetSourceRequest{SourceId: id})
			f := wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
			if strings.Contains(f.text, id) {
				t.Errorf("%q repeats the id", f.text)
			}
			_, err = w.client.DeleteSource(ctx, &snykstreamv1.DeleteSourceRequest{SourceId: id})
			wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
			_, err = w.client.UpdateSource(ctx, &snykstreamv1.UpdateSourceRequest{Source: &snykstreamv1.Source{Id: id}})
			wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
			_, err = w.client.GetCoverage(ctx, &snykstreamv1.GetCoverageRequest{SourceId: id})
			wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
			_, err = w.client.ValidateCredentials(ctx, &snykstreamv1.ValidateCredentialsRequest{SourceId: id})
			wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
		})
	}
}

func TestDeleteSource(t *testing.T) {
	w := newWorld(t)
	created := w.create(t, "mine")
	w.fences.raised = nil
	ctx := t.Context()

	_, err := w.client.DeleteSource(ctx, &snykstreamv1.DeleteSourceRequest{SourceId: "mine", Etag: "other"})
	wantFailure(t, err, codes.Aborted, "ETAG_MISMATCH")
	if len(w.fences.raised) > 0 {
		t.Error("fenced though nothing changed")
	}
	answer, err := w.client.DeleteSource(ctx, &snykstreamv1.DeleteSourceRequest{SourceId: "mine", Etag: created.GetEtag()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(created, answer.GetSource(), protocmp.Transform()); diff != "" {
		t.Errorf("the source as it was (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"mine delete"}, w.fences.raised); diff != "" {
		t.Errorf("fences (-want +got):\n%s", diff)
	}
	_, err = w.client.GetSource(ctx, &snykstreamv1.GetSourceRequest{SourceId: "mine"})
	wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
	_, err = w.client.DeleteSource(ctx, &snykstreamv1.DeleteSourceRequest{SourceId: "mine"})
	wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
	_, err = w.client.UpdateSource(ctx, &snykstreamv1.UpdateSourceRequest{Source: &snykstreamv1.Source{Id: "mine"}})
	wantFailure(t, err, codes.NotFound, "SOURCE_NOT_FOUND")
}

// A caller who hangs up after the change must not leave the old collector at work.
func TestFenceOutlivesTheCall(t *testing.T) {
	raised := &fences{}
	service := &SourceService{fencer: raised}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	service.fence(ctx, "mine", "delete")
	if diff := cmp.Diff([]string{"mine delete"}, raised.raised); diff != "" {
		t.Errorf("fences (-want +got):\n%s", diff)
	}
}

func TestListSources(t *testing.T) {
	w := newWorld(t)
	for i, id := range []string{"c", "a", "e", "b", "d"} {
		w.create(t, id, func(s *snykstreamv1.Source) {
			s.Labels = map[string]string{"team": "red", "odd": fmt.Sprint(i % 2)}
		})
	}
	w.create(t, "x")
	w.board["b"], w.board["d"] = snykstreamv1.SourceState_SOURCE_STATE_HEALTHY, snykstreamv1.SourceState_SOURCE_STATE_PAUSED
	healthy, paused := snykstreamv1.SourceState_SOURCE_STATE_HEALTHY, snykstreamv1.SourceState_SOURCE_STATE_PAUSED
	for name, test := range map[string]struct {
		request *snykstreamv1.ListSourcesRequest
		want    []string // the pages
	}{
		"all at once":    {&snykstreamv1.ListSourcesRequest{}, []string{"abcdex"}},
		"one by one":     {&snykstreamv1.ListSourcesRequest{PageSize: 1}, []string{"a", "b", "c", "d", "e", "x"}},
		"a rest":         {&snykstreamv1.ListSourcesRequest{PageSize: 4}, []string{"abcd", "ex"}},
		"no empty page":  {&snykstreamv1.ListSourcesRequest{PageSize: 3}, []string{"abc", "dex"}},
		"a label":        {&snykstreamv1.ListSourcesRequest{Labels: map[string]string{"team": "red"}, PageSize: 5}, []string{"abcde"}},
		"two labels":     {&snykstreamv1.ListSourcesRequest{Labels: map[string]string{"team": "red", "odd": "1"}, PageSize: 1}, []string{"a", "b"}},
		"nobody's label": {&snykstreamv1.ListSourcesRequest{Labels: map[string]string{"team": ""}}, []string{""}},
		"states":         {&snykstreamv1.ListSourcesRequest{States: []snykstreamv1.SourceState{paused, healthy}, PageSize: 1}, []string{"b", "d"}},
		"both": {
			&snykstreamv1.ListSourcesRequest{States: []snykstreamv1.SourceState{paused}, Labels: map[string]string{"odd": "0"}}, []string{"d"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var pages []string
			for {
				answer, err := w.client.ListSources(t.Context(), test.request)
				if err != nil {
					t.Fatal(err)
				}
				page := ""
				for _, source := range answer.GetSources() {
					page += source.GetId()
					if source.GetStatus() == nil {
						t.Errorf("%s has no status", source.GetId())
					}
				}
				pages = append(pages, page)
				if test.request.PageToken = answer.GetNextPageToken(); test.request.GetPageToken() == "" {
					break
				}
			}
			if diff := cmp.Diff(test.want, pages); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

// crowd is a Statuses in which sources have so many feeds.
type crowd map[string]int

func (c crowd) Status(rec audit.SourceRecord) *snykstreamv1.SourceStatus {
	status := &snykstreamv1.SourceStatus{State: snykstreamv1.SourceState_SOURCE_STATE_HEALTHY}
	for i := range c[rec.ID()] {
		status.Feeds = append(status.Feeds, &snykstreamv1.FeedStatus{Feed: fmt.Sprintf("org/%036d", i), LastPollTime: timestamppb.New(testTime)})
	}
	return status
}

// A page of sources with very many feeds ends early, and none is left out.
func TestListSourcesWithManyFeeds(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		w.create(t, id)
	}
	service := &SourceService{sources: w.sources, statuses: crowd{"a": 5000, "b": 8000, "c": 30_000, "d": 9000}}
	var pages []string
	for request := new(snykstreamv1.ListSourcesRequest); ; {
		answer, err := service.ListSources(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		page := ""
		for _, source := range answer.GetSources() {
			page += source.GetId()
		}
		if size := proto.Size(answer); size > 1<<20+100 && page != "c" {
			t.Errorf("the page %s has %d bytes", page, size)
		}
		pages = append(pages, page)
		if request.PageToken = answer.GetNextPageToken(); request.GetPageToken() == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"ab", "c", "de"}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestListSourcesTokens(t *testing.T) {
	w := newWorld(t)
	w.create(t, "a")
	w.create(t, "b")
	healthy, pending := snykstreamv1.SourceState_SOURCE_STATE_HEALTHY, snykstreamv1.SourceState_SOURCE_STATE_PENDING
	list := func(token string, states ...snykstreamv1.SourceState) (string, error) {
		answer, err := w.client.ListSources(t.Context(), &snykstreamv1.ListSourcesRequest{PageSize: 1, PageToken: token, States: states})
		return answer.GetNextPageToken(), err
	}
	next, err := list("", pending, healthy)
	if err != nil || next == "" {
		t.Fatalf("no next page: %v", err)
	}
	if _, err := list(next, healthy, pending, healthy); err != nil {
		t.Errorf("the same states in another order: %v", err)
	}
	_, err = list(next, pending)
	wantFailure(t, err, codes.InvalidArgument, "INVALID_FIELD", "page_token")
	_, err = list(next + "x")
	wantFailure(t, err, codes.InvalidArgument, "INVALID_FIELD", "page_token")
	// A page goes on where the last ended though its last source is gone.
	if _, err := w.client.DeleteSource(t.Context(), &snykstreamv1.DeleteSourceRequest{SourceId: "a"}); err != nil {
		t.Fatal(err)
	}
	if next, err := list(next, pending, healthy); err != nil || next != "" {
		t.Errorf("after its source was deleted: %q, %v", next, err)
	}
}

func TestSchemas(t *testing.T) {
	w := newWorld(t)
	client := snykstreamv1.NewSchemaServiceClient(w.conn)
	list, err := client.ListSchemas(t.Context(), &snykstreamv1.ListSchemasRequest{})
	if err != nil || len(list.GetSchemas()) != 2 || list.GetSchemas()[0].GetName() != "Snyk.GroupAudit" {
		t.Errorf("got %v, %v", list, err)
	}
	one, err := client.GetSchema(t.Context(), &snykstreamv1.GetSchemaRequest{Name: "Snyk.OrgAudit"})
	if err != nil || one.GetSchema().GetName() != "Snyk.OrgAudit" {
		t.Errorf("got %v, %v", one, err)
	}
	_, err = client.GetSchema(t.Context(), &snykstreamv1.GetSchemaRequest{Name: "Snyk.Other"})
	f := wantFailure(t, err, codes.NotFound, "SCHEMA_NOT_FOUND")
	if want := "no schema has this name: there are Snyk.GroupAudit, Snyk.OrgAudit"; f.text != want {
		t.Errorf("got %q, want %q", f.text, want)
	}
}
