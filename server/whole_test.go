package server_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestWholePath: history with crowded instants arrives once, then what happens
// live, and the source says so.
func TestWholePath(t *testing.T) {
	h := servertest.New(t)
	at := time.Now().Add(-24 * time.Hour)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 190})
	for i := range 60 {
		h.Sim.Append(h.Org.ID, snyksim.Record{Created: at.Add(time.Duration(i/20) * time.Hour), Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i%10)})
	}
	source := h.Create("my-snyk")
	if source.GetStatus() == nil || source.GetEtag() == "" || source.GetStatus().GetCredential().GetLastFour() != h.Token.Value[len(h.Token.Value)-4:] {
		t.Errorf("created %v", source)
	}
	r := h.NewReader()
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))

	h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.user.role.edit", Content: `{"before":"A","after":"B"}`})
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))
	live := r.Events[len(r.Events)-1]
	if live.GetOrigin() != snykstreamv1.Origin_ORIGIN_LIVE || live.GetCategory() != snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE ||
		live.GetOrgAudit().GetGroupId() != h.Org.GroupID || live.GetFeed() != "org/"+h.Org.ID {
		t.Errorf("live event %v", live)
	}
	got, err := h.Sources().GetSource(t.Context(), &snykstreamv1.GetSourceRequest{SourceId: "my-snyk"})
	if err != nil {
		t.Fatal(err)
	}
	feed := got.GetSource().GetStatus().GetFeeds()[0]
	if state := got.GetSource().GetStatus().GetState(); state != snykstreamv1.SourceState_SOURCE_STATE_HEALTHY ||
		!feed.GetBackfillDone() || feed.GetEventsStored() != uint64(len(r.Events)) || feed.GetCoveredThrough() == nil {
		t.Errorf("status %v", got.GetSource().GetStatus())
	}
}

// shown counts the records that a source without api.access gets.
func shown(h *servertest.House) int {
	n := 0
	for _, e := range h.Sim.Emitted(h.Org.ID) {
		if e.Event != "api.access" {
			n++
		}
	}
	return n
}

// TestCrowdedInstant: one instant over two pages, identical twins, and inserts
// while it is read.
func TestCrowdedInstant(t *testing.T) {
	h := servertest.New(t)
	at := time.Now().Add(-time.Hour)
	for i := range 130 {
		h.Sim.Append(h.Org.ID, snyksim.Record{Created: at, Event: "org.project.tag.add", Content: fmt.Sprintf(`{"n":%d}`, i/2)})
	}
	inserted := h.Sim.Inject(snyksim.Fault{Times: 3, Match: snyksim.Match{When: snyksim.HasCursor}, Effect: snyksim.Do("insert", func(sim *snyksim.Sim, _ *http.Request) {
		sim.Prepend(h.Org.ID, snyksim.Record{Created: at, Event: "org.project.tag.add", Content: `{"n":0}`})
	})})
	h.Create("my-snyk")
	r := h.NewReader()
	r.Until(func(r *servertest.Reader) bool { return inserted.Fired() == 3 && servertest.Has(133)(r) })
	r.Exact(h.Sim.Emitted(h.Org.ID))
}

// TestOddRecords: everything Snyk has been seen to send is delivered byte for byte.
func TestOddRecords(t *testing.T) {
	h := servertest.New(t)
	h.Sim.Append(h.Org.ID, snyksim.OddRecords(time.Now().Add(-time.Hour))...)
	h.Create("my-snyk")
	r := h.NewReader()
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))
}

// TestResume: every message's token resumes exactly after it, over a restart of
// the server too, and the stop gives a last token.
func TestResume(t *testing.T) {
	h := servertest.New(t)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 500})
	h.Create("my-snyk")
	r := h.NewReader()
	r.Until(servertest.Has(shown(h)))
	stream, err := h.Events().StreamEvents(t.Context(), &snykstreamv1.StreamEventsRequest{
		Start: &snykstreamv1.StreamEventsRequest_ResumeToken{ResumeToken: r.Token},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil || first.GetHeartbeat() == nil || first.GetResumeToken() == "" {
		t.Fatalf("first message %v, %v", first, err)
	}
	h.Stop()
	var last *snykstreamv1.StreamEventsResponse
	for err == nil {
		var m *snykstreamv1.StreamEventsResponse
		if m, err = stream.Recv(); err == nil {
			last = m
		}
	}
	retry, reason := details(err)
	if status.Code(err) != codes.Unavailable || reason != "DRAINING" || retry == nil || last.GetResumeToken() == "" {
		t.Fatalf("the stream ended with %v after %v", err, last)
	}
	h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.edit", Content: `{"while":"down"}`})
	r.Token = last.GetResumeToken()
	h.Start()
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))
}

func details(err error) (retry *errdetails.RetryInfo, reason string) {
	for _, d := range status.Convert(err).Details() {
		switch d := d.(type) {
		case *errdetails.RetryInfo:
			retry = d
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		}
	}
	return retry, reason
}

// TestLifeOfASource: rejected credentials store nothing; pause, delete, and the
// same id again go on with the feed.
func TestLifeOfASource(t *testing.T) {
	h := servertest.New(t)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: 50})
	ctx := t.Context()

	bad := h.CreateRequest("my-snyk")
	bad.Credentials.Kind = &snykstreamv1.Credentials_ApiToken{ApiToken: "11111111-2222-4333-8444-555555555555"}
	_, err := h.Sources().CreateSource(ctx, bad)
	if _, reason := details(err); status.Code(err) != codes.FailedPrecondition || reason != "CREDENTIALS_REJECTED" {
		t.Fatalf("rejected credentials: %v", err)
	}
	if _, err := h.Sources().GetSource(ctx, &snykstreamv1.GetSourceRequest{SourceId: "my-snyk"}); status.Code(err) != codes.NotFound {
		t.Fatalf("a source with rejected credentials is stored: %v", err)
	}

	h.Create("my-snyk")
	if _, err := h.Sources().CreateSource(ctx, h.CreateRequest("my-snyk")); status.Code(err) != codes.AlreadyExists {
		t.Errorf("second creation: %v", err)
	}
	r := h.NewReader()
	r.Until(servertest.Has(shown(h)))
	paused := true
	updated, err := h.Sources().UpdateSource(ctx, &snykstreamv1.UpdateSourceRequest{
		Source: &snykstreamv1.Source{Id: "my-snyk", Paused: &paused}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"paused"}},
	})
	if err != nil || updated.GetSource().GetStatus().GetState() != snykstreamv1.SourceState_SOURCE_STATE_PAUSED {
		t.Fatalf("pausing: %v, %v", updated, err)
	}
	if _, err := h.Sources().DeleteSource(ctx, &snykstreamv1.DeleteSourceRequest{SourceId: "my-snyk"}); err != nil {
		t.Fatal(err)
	}
	h.Sim.Append(h.Org.ID, snyksim.Record{Event: "org.edit", Content: `{"while":"deleted"}`})
	other := h.CreateRequest("my-snyk")
	other.Source.Snyk.OrganizationId = h.Sim.AddOrg("Other").ID
	other.AllowUnverified = true
	_, err = h.Sources().CreateSource(ctx, other)
	if _, reason := details(err); status.Code(err) != codes.AlreadyExists || reason != "SOURCE_ID_IN_USE" {
		t.Errorf("the id for another organization: %v", err)
	}
	h.Create("my-snyk")
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))
}

// TestSecretsStaySealed: no token is in clear anywhere on the disk.
func TestSecretsStaySealed(t *testing.T) {
	h := servertest.New(t)
	h.Create("my-snyk")
	h.Stop()
	files := 0
	err := filepath.WalkDir(h.Config.DataDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Logf("%s has mode %v; the folder keeps others out", path, info.Mode())
		}
		content, err := os.ReadFile(path)
		files++
		if strings.Contains(string(content), h.Token.Value) {
			t.Errorf("%s holds the token in clear", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatal(files, err)
	}
	if info, err := os.Stat(h.Config.DataDir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder: %v, %v", info.Mode(), err)
	}
}
