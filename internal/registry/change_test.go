package registry

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestUpdate(t *testing.T) {
	b := newBench(t)
	created := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	b.clock = start.Add(time.Hour)

	change := created
	change.Source = proto.CloneOf(created.Source)
	change.Source.DisplayName = "Renamed"
	change.Source.Labels = map[string]string{"env": "dev"}
	change.Source.CreateTime = nil
	change.GroupFound = groupOne
	updated, err := b.Update(t.Context(), change, nil)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	want := proto.CloneOf(change.Source)
	want.CreateTime, want.UpdateTime = timestamppb.New(start), timestamppb.New(b.clock)
	want.Etag = updated.Source.GetEtag()
	if diff := cmp.Diff(want, updated.Source, protocmp.Transform()); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	if updated.Source.GetEtag() == created.Source.GetEtag() || updated.Revision <= created.Revision {
		t.Errorf("etag %q, revision %d after %q, %d", updated.Source.GetEtag(), updated.Revision, created.Source.GetEtag(), created.Revision)
	}
	if updated.CredentialRef != created.CredentialRef || updated.GroupFound != groupOne {
		t.Errorf("ref %q, group %q", updated.CredentialRef, updated.GroupFound)
	}
	if labels := b.Labels("prod"); labels["env"] != "dev" {
		t.Errorf("labels %v", labels)
	}
	b.wantToken(t, "prod", tokenOne)

	_, err = b.Update(t.Context(), change, nil)
	wantError(t, err, audit.KindAborted, reasonEtag)
	stale := token(tokenTwo)
	_, err = b.Update(t.Context(), change, &stale)
	wantError(t, err, audit.KindAborted, reasonEtag)
	b.wantToken(t, "prod", tokenOne)
	b.wantCredentials(t, 1)

	_, err = b.Update(t.Context(), record("none", orgOne, ""), nil)
	wantError(t, err, audit.KindNotFound, reasonNotFound)
}

func TestUpdateCredential(t *testing.T) {
	b := newBench(t)
	created := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	blob := b.blob(t, created)
	b.wantOnDisk(t, blob, true)

	fresh := token(tokenTwo)
	updated, err := b.Update(t.Context(), created, &fresh)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	if updated.CredentialRef == created.CredentialRef {
		t.Error("the new credential has the old one's ref")
	}
	b.wantToken(t, "prod", tokenTwo)
	b.wantCredentials(t, 1)
	b.wantOnDisk(t, blob, false)
	_, err = b.Credential(t.Context(), created)
	wantError(t, err, audit.KindPrecondition, reasonUnreadable)

	without, err := b.Update(t.Context(), updated, &audit.Credential{})
	if err != nil || without.CredentialRef != "" || without.Credential != nil {
		t.Errorf("Update to no credential: %v, %v", without, err)
	}
	b.wantCredentials(t, 0)
}

func TestDelete(t *testing.T) {
	b := newBench(t)
	created := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	blob := b.blob(t, created)
	b.wantOnDisk(t, blob, true)

	_, err := b.Delete(t.Context(), "prod", "another")
	wantError(t, err, audit.KindAborted, reasonEtag)
	b.wantToken(t, "prod", tokenOne)

	deleted, err := b.Delete(t.Context(), "prod", created.Source.GetEtag())
	if err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if diff := cmp.Diff(created, deleted, protocmp.Transform()); diff != "" {
		t.Errorf("the answer is not the source as it was:\n%s", diff)
	}
	b.wantCredentials(t, 0)
	b.wantOnDisk(t, blob, false)
	for _, restarted := range []bool{false, true} {
		if restarted {
			b.reopen(t)
		}
		_, err = b.Get(t.Context(), "prod")
		wantError(t, err, audit.KindNotFound, reasonNotFound)
		_, err = b.Update(t.Context(), created, nil)
		wantError(t, err, audit.KindNotFound, reasonNotFound)
		_, err = b.Delete(t.Context(), "prod", "")
		wantError(t, err, audit.KindNotFound, reasonNotFound)
		if list, err := b.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("List: %v, %v", list, err)
		}
		_, err = b.Credential(t.Context(), created)
		wantError(t, err, audit.KindPrecondition, reasonUnreadable)
		// Events of the source are still read, and filtered by its labels.
		if labels := b.Labels("prod"); labels["env"] != "prod" {
			t.Errorf("labels %v", labels)
		}
	}
}

func TestReservedID(t *testing.T) {
	tests := map[string]struct {
		before, after audit.SourceRecord
		wait          time.Duration
		refused       bool
	}{
		"same organization":            {before: record("prod", orgOne, ""), after: record("prod", orgOne, "")},
		"same organization and group":  {before: record("prod", orgOne, groupOne), after: record("prod", orgOne, groupOne)},
		"group found and given":        {before: found(record("prod", orgOne, ""), groupOne), after: record("prod", orgOne, groupOne)},
		"group given, not known again": {before: record("prod", orgOne, groupOne), after: record("prod", orgOne, "")},
		"group not known, then given":  {before: record("prod", orgOne, ""), after: record("prod", orgOne, groupTwo)},
		"other organization":           {before: record("prod", orgOne, ""), after: record("prod", orgTwo, ""), refused: true},
		"other group":                  {before: record("prod", orgOne, groupOne), after: record("prod", orgOne, groupTwo), refused: true},
		"other group found":            {before: found(record("prod", orgOne, ""), groupOne), after: found(record("prod", orgOne, ""), groupTwo), refused: true},
		"same whole group":             {before: record("prod", "", groupOne), after: record("prod", "", groupOne)},
		"other whole group":            {before: record("prod", "", groupOne), after: record("prod", "", groupTwo), refused: true},
		"its organization alone":       {before: record("prod", "", groupOne), after: record("prod", orgOne, groupOne), refused: true},
		"just before retention":        {before: record("prod", orgOne, ""), after: record("prod", orgTwo, ""), wait: retention - time.Nanosecond, refused: true},
		"after retention":              {before: record("prod", orgOne, ""), after: record("prod", orgTwo, groupTwo), wait: retention},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			first := b.mustCreate(t, test.before, token(tokenOne))
			if _, err := b.Delete(t.Context(), "prod", ""); err != nil {
				t.Fatalf("Delete: %v", err)
			}
			b.clock = b.clock.Add(test.wait)
			again, err := b.Create(t.Context(), test.after, token(tokenTwo))
			if test.refused {
				wantError(t, err, audit.KindExists, reasonInUse)
				b.wantCredentials(t, 0)
				return
			}
			if err != nil {
				t.Fatalf("Create: %v", err)
			}
			if got := again.Source.GetCreateTime().AsTime(); !got.Equal(b.clock) {
				t.Errorf("create time %v, want %v", got, b.clock)
			}
			if again.Deleted() || again.Revision <= first.Revision {
				t.Errorf("deleted %v, revision %d after %d", again.Deleted(), again.Revision, first.Revision)
			}
			b.wantToken(t, "prod", tokenTwo)
			b.wantCredentials(t, 1)
			_, err = b.Delete(t.Context(), "prod", first.Source.GetEtag())
			wantError(t, err, audit.KindAborted, reasonEtag)
		})
	}
}

func found(rec audit.SourceRecord, group string) audit.SourceRecord {
	rec.GroupFound = group
	return rec
}

// TestRacingWriters holds that of many writers based on one state, one wins.
func TestRacingWriters(t *testing.T) {
	b := newBench(t)
	const writers = 8
	race := func(write func(cred audit.Credential) error, kind audit.Kind) {
		t.Helper()
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = write(token(tokenOne)) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !audit.IsKind(err, kind):
				t.Errorf("a loser got %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d won", won, writers)
		}
		b.wantCredentials(t, 1)
	}
	race(func(cred audit.Credential) error {
		_, err := b.Create(t.Context(), record("prod", orgOne, ""), cred)
		return err
	}, audit.KindExists)
	have, err := b.Get(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	race(func(cred audit.Credential) error {
		_, err := b.Update(t.Context(), have, &cred)
		return err
	}, audit.KindAborted)
	b.wantToken(t, "prod", tokenOne)
}

// blob is a part of the source's sealed credential that nothing else holds.
func (b *bench) blob(t *testing.T, rec audit.SourceRecord) []byte {
	t.Helper()
	it, err := b.credentials.get(t.Context(), credentialKey(rec.ID(), rec.CredentialRef))
	if err != nil {
		t.Fatal(err)
	}
	return it.value[len(it.value)-32:]
}

// wantOnDisk holds whether any file of the store has the bytes.
func (b *bench) wantOnDisk(t *testing.T, part []byte, want bool) {
	t.Helper()
	var where []string
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, part) {
			where = append(where, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(where) > 0; got != want {
		t.Errorf("on the disk: %v (in %v), want %v", got, where, want)
	}
}
