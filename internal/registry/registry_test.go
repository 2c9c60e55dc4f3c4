package registry

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/engine"
	"github.com/snykstream/snykstream/internal/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	orgOne    = "11111111-1111-4111-8111-111111111111"
	orgTwo    = "22222222-2222-4222-8222-222222222222"
	groupOne  = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	groupTwo  = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
	retention = 10 * 24 * time.Hour
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// bench is a registry on a real store in a folder that outlives it.
type bench struct {
	*Registry
	dir    string
	engine *engine.Engine
	// clock is what the registry takes for now.
	clock time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{dir: filepath.Join(t.TempDir(), "data"), clock: start}
	b.open(t)
	t.Cleanup(func() { b.close(t) })
	return b
}

func (b *bench) open(t *testing.T) {
	t.Helper()
	var err error
	if b.engine, err = engine.Open(t.Context(), engine.Config{DataDir: b.dir}); err != nil {
		t.Fatalf("open the engine: %v", err)
	}
	sealer, err := seal.Open(seal.Config{DataDir: b.dir})
	if err != nil {
		t.Fatalf("open the sealer: %v", err)
	}
	b.Registry, err = Open(t.Context(), Config{
		Engine: b.engine, Sealer: sealer, Retention: retention,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return b.clock },
	})
	if err != nil {
		t.Fatalf("open the registry: %v", err)
	}
}

func (b *bench) close(t *testing.T) {
	t.Helper()
	if err := b.engine.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("close the engine: %v", err)
	}
}

// reopen is a restart.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	b.close(t)
	b.open(t)
}

func record(id, org, group string) audit.SourceRecord {
	return audit.SourceRecord{
		Source: &snykstreamv1.Source{
			Id: id, DisplayName: "My Snyk logs", Labels: map[string]string{"env": "prod"},
			Snyk: &snykstreamv1.SnykConfig{OrganizationId: org, GroupId: group},
		},
	}
}

func token(text string) audit.Credential { return audit.Credential{Token: audit.NewSecret(text)} }

const (
	tokenOne = "snyk_uat.12345678.payload-of-token-one.signature"
	tokenTwo = "snyk_uat.12345678.payload-of-token-two.signature"
)

func (b *bench) mustCreate(t *testing.T, rec audit.SourceRecord, cred audit.Credential) audit.SourceRecord {
	t.Helper()
	got, err := b.Create(t.Context(), rec, cred)
	if err != nil {
		t.Fatalf("Create %q: %v", rec.ID(), err)
	}
	return got
}

// wantCredentials holds that exactly so many credentials lie in the store.
func (b *bench) wantCredentials(t *testing.T, want int) {
	t.Helper()
	items, err := b.credentials.list(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != want {
		keys := make([]string, 0, len(items))
		for _, it := range items {
			keys = append(keys, it.key)
		}
		t.Errorf("%d credentials are stored, want %d: %v", len(items), want, keys)
	}
}

// wantToken holds that the source's credential is the token.
func (b *bench) wantToken(t *testing.T, id, want string) {
	t.Helper()
	rec, err := b.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get %q: %v", id, err)
	}
	cred, err := b.Credential(t.Context(), rec)
	if err != nil {
		t.Fatalf("Credential of %q: %v", id, err)
	}
	if got := cred.Token.Reveal(); got != want {
		t.Errorf("the credential of %q is %q, want %q", id, got, want)
	}
}

func wantError(t *testing.T, err error, kind audit.Kind, reason snykstreamv1.ErrorReason) {
	t.Helper()
	got := asError(err)
	if got == nil || got.Kind != kind || got.Reason != reason {
		t.Errorf("error %v, want kind %v, reason %v", err, kind, reason)
	}
}

const (
	reasonNotFound    = snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_NOT_FOUND
	reasonExists      = snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_EXISTS
	reasonInUse       = snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_ID_IN_USE
	reasonEtag        = snykstreamv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH
	reasonUnavailable = snykstreamv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE
	reasonUnreadable  = snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE
)

func TestCreateGetList(t *testing.T) {
	b := newBench(t)
	given := record("prod", orgOne, groupOne)
	given.GroupFound = groupOne
	given.Source.Etag = "the caller's"
	given.Source.Status = &snykstreamv1.SourceStatus{Message: "the caller's"}
	before := proto.CloneOf(given.Source)

	created := b.mustCreate(t, given, token(tokenOne))
	if diff := cmp.Diff(before, given.Source, protocmp.Transform()); diff != "" {
		t.Errorf("Create changed what it was given:\n%s", diff)
	}
	want := proto.CloneOf(before)
	want.Status, want.Etag = nil, created.Source.GetEtag()
	want.CreateTime, want.UpdateTime = timestamppb.New(start), timestamppb.New(start)
	if diff := cmp.Diff(want, created.Source, protocmp.Transform()); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if created.Source.GetEtag() == "" || created.Source.GetEtag() == "the caller's" {
		t.Errorf("etag %q", created.Source.GetEtag())
	}
	wantInfo := &snykstreamv1.CredentialInfo{
		Kind: snykstreamv1.CredentialKind_CREDENTIAL_KIND_PERSONAL_ACCESS_TOKEN, LastFour: "ture",
	}
	if diff := cmp.Diff(wantInfo, created.Credential, protocmp.Transform()); diff != "" {
		t.Errorf("credential info (-want +got):\n%s", diff)
	}

	b.mustCreate(t, record("dev", orgTwo, ""), audit.Credential{})
	for _, restarted := range []bool{false, true} {
		if restarted {
			b.reopen(t)
		}
		got, err := b.Get(t.Context(), "prod")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		if diff := cmp.Diff(created, got, protocmp.Transform()); diff != "" {
			t.Errorf("got, restarted %v (-created +got):\n%s", restarted, diff)
		}
		list, err := b.List(t.Context())
		if err != nil || len(list) != 2 || list[0].ID() != "dev" || list[1].ID() != "prod" {
			t.Errorf("list, restarted %v: %v, %v", restarted, list, err)
		}
		b.wantToken(t, "prod", tokenOne)
		if labels := b.Labels("prod"); labels["env"] != "prod" {
			t.Errorf("labels, restarted %v: %v", restarted, labels)
		}
	}
	b.wantCredentials(t, 1)
}

func TestListOfNothing(t *testing.T) {
	b := newBench(t)
	if list, err := b.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List: %v, %v", list, err)
	}
	if labels := b.Labels("prod"); labels != nil {
		t.Errorf("labels of no source: %v", labels)
	}
}

func TestCredentialForms(t *testing.T) {
	b := newBench(t)
	oauth := audit.Credential{ClientID: "the-client-id-0123", ClientSecret: audit.NewSecret("the secret \u00e9\"\\")}
	rec := record("prod", orgOne, "")
	// What the check learned from Snyk is kept as it is.
	rec.Credential = &snykstreamv1.CredentialInfo{
		Kind: snykstreamv1.CredentialKind_CREDENTIAL_KIND_OAUTH_CLIENT, Principal: "a service account",
	}
	created := b.mustCreate(t, rec, oauth)
	if created.Credential.GetPrincipal() != "a service account" {
		t.Errorf("credential info %v", created.Credential)
	}
	got, err := b.Credential(t.Context(), created)
	if err != nil || got.ClientID != oauth.ClientID || got.ClientSecret.Reveal() != oauth.ClientSecret.Reveal() || !got.Token.Empty() {
		t.Errorf("Credential: %v, %v", got, err)
	}

	none := b.mustCreate(t, record("none", orgOne, ""), audit.Credential{})
	if none.CredentialRef != "" || none.Credential != nil {
		t.Errorf("a source without credentials has %q, %v", none.CredentialRef, none.Credential)
	}
	_, err = b.Credential(t.Context(), none)
	wantError(t, err, audit.KindPrecondition, reasonUnreadable)
}

func TestCredentialOfAnotherSource(t *testing.T) {
	b := newBench(t)
	prod := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	dev := b.mustCreate(t, record("dev", orgTwo, ""), token(tokenTwo))

	// Whoever can write to the store gives dev the blob of prod.
	blob, err := b.credentials.get(t.Context(), credentialKey("prod", prod.CredentialRef))
	if err != nil {
		t.Fatal(err)
	}
	moved := credentialKey("dev", dev.CredentialRef)
	own, err := b.credentials.get(t.Context(), moved)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.credentials.put(t.Context(), moved, blob.value, own.revision); err != nil {
		t.Fatal(err)
	}
	got, err := b.Credential(t.Context(), dev)
	wantError(t, err, audit.KindPrecondition, reasonUnreadable)
	if !got.Empty() {
		t.Error("it opened")
	}
}

func TestCreateRefuses(t *testing.T) {
	b := newBench(t)
	b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	for _, again := range []audit.SourceRecord{record("prod", orgOne, ""), record("prod", orgTwo, "")} {
		_, err := b.Create(t.Context(), again, token(tokenTwo))
		wantError(t, err, audit.KindExists, reasonExists)
	}
	for _, id := range []string{"", "a/b", "a.b", ">", "*", "Prod", "a-", "-a", "a b", "$KV"} {
		_, err := b.Create(t.Context(), record(id, orgOne, ""), token(tokenTwo))
		wantError(t, err, audit.KindInvalid, snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD)
		_, err = b.Get(t.Context(), id)
		wantError(t, err, audit.KindNotFound, reasonNotFound)
	}
	b.wantToken(t, "prod", tokenOne)
	b.wantCredentials(t, 1)
}

func asError(err error) *audit.Error {
	e, _ := errors.AsType[*audit.Error](err)
	return e
}

// TestNoRoom: a disk that is almost full is said to the caller, who can make room;
// nothing is written, since a failed write would make the store give up.
func TestNoRoom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	full, err := engine.Open(t.Context(), engine.Config{DataDir: dir, Reserve: math.MaxUint64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := full.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	sealer, err := seal.Open(seal.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), Config{Engine: full, Sealer: sealer, Retention: retention})
	if err != nil {
		t.Fatal(err)
	}
	rec := audit.SourceRecord{Source: &snykstreamv1.Source{Id: "one", Snyk: &snykstreamv1.SnykConfig{OrganizationId: orgOne}}}
	_, err = r.Create(t.Context(), rec, audit.Credential{Token: audit.NewSecret("a token")})
	known, ok := errors.AsType[*audit.Error](err)
	if !ok || known.Kind != audit.KindUnavailable || !strings.Contains(known.Message, "make room") || known.RetryAfter == 0 {
		t.Errorf("got %v", err)
	}
	if list, err := r.List(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("stored %v, %v", list, err)
	}
}
