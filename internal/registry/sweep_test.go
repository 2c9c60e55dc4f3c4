package registry

import (
	"context"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// timeOfStore is a moment after everything stored so far, by the store's clock.
func timeOfStore(t *testing.T, b *bench) time.Time {
	t.Helper()
	newest := time.Time{}
	for _, bucket := range []bucket{b.sources, b.credentials} {
		items, err := bucket.list(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if it.created.After(newest) {
				newest = it.created
			}
		}
	}
	return newest
}

func TestSweepSparesYoungCredentials(t *testing.T) {
	b := newBench(t)
	// A call that has stored its credential and not yet its record.
	if _, err := b.putCredential(t.Context(), "prod", token(tokenOne)); err != nil {
		t.Fatal(err)
	}
	stored := timeOfStore(t, b)
	for _, step := range []struct {
		age  time.Duration
		left int
	}{{orphanGrace - time.Nanosecond, 1}, {orphanGrace, 0}} {
		b.clock = stored.Add(step.age)
		if err := b.sweep(t.Context(), orphanGrace); err != nil {
			t.Fatalf("sweep: %v", err)
		}
		b.wantCredentials(t, step.left)
	}
}

func TestSweepSparesWhatItCannotRead(t *testing.T) {
	b := newBench(t)
	prod := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	b.mustCreate(t, record("dev", orgTwo, ""), token(tokenTwo))
	good, err := b.sources.get(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	damaged, err := b.sources.put(t.Context(), "prod", []byte("\xff"), prod.Revision)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.putCredential(t.Context(), "dev", token(tokenOne)); err != nil {
		t.Fatal(err)
	}
	b.wantCredentials(t, 3)
	if err := b.sweep(t.Context(), 0); err == nil {
		t.Error("the damaged record is not told of")
	}
	b.wantCredentials(t, 2)
	if _, err := b.Get(t.Context(), "prod"); !audit.IsKind(err, audit.KindInternal) {
		t.Errorf("Get of a damaged record: %v", err)
	}
	if _, err := b.List(t.Context()); !audit.IsKind(err, audit.KindInternal) {
		t.Errorf("List with a damaged record: %v", err)
	}
	if _, err := b.sources.put(t.Context(), "prod", good.value, damaged); err != nil {
		t.Fatal(err)
	}
	b.wantToken(t, "prod", tokenOne)
}

// TestSweepMeetsCreate has a source created between the sweep's two looks.
func TestSweepMeetsCreate(t *testing.T) {
	b := newBench(t)
	looks := 0
	look := func() {
		if looks++; looks == 2 {
			b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
		}
	}
	b.sources = &meddled{bucket: b.sources, beforeList: look}
	b.credentials = &meddled{bucket: b.credentials, beforeList: look}
	if err := b.sweep(t.Context(), 0); err != nil {
		t.Fatalf("sweep: %v", err)
	}
	b.wantToken(t, "prod", tokenOne)
}

func TestSweepFreesIDs(t *testing.T) {
	b := newBench(t)
	b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	b.mustCreate(t, record("kept", orgOne, ""), token(tokenOne))
	if _, err := b.Delete(t.Context(), "prod", ""); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		age  time.Duration
		left int
	}{{retention - time.Nanosecond, 2}, {retention, 1}} {
		b.clock = start.Add(step.age)
		if err := b.sweep(t.Context(), orphanGrace); err != nil {
			t.Fatalf("sweep: %v", err)
		}
		items, err := b.sources.list(t.Context())
		if err != nil || len(items) != step.left {
			t.Errorf("after %v: %d records, %v, want %d", step.age, len(items), err, step.left)
		}
		if known := b.Labels("prod") != nil; known != (step.left == 2) {
			t.Errorf("after %v: the labels are known: %v", step.age, known)
		}
	}
	b.wantToken(t, "kept", tokenOne)
}

// TestEtagsAreNeverUsedAgain holds it for an id whose record, the newest of the
// store, was removed.
func TestEtagsAreNeverUsedAgain(t *testing.T) {
	b := newBench(t)
	first := b.mustCreate(t, record("prod", orgOne, ""), audit.Credential{})
	if _, err := b.Delete(t.Context(), "prod", ""); err != nil {
		t.Fatal(err)
	}
	b.clock = start.Add(retention)
	b.reopen(t)
	b.reopen(t)
	again := b.mustCreate(t, record("prod", orgTwo, ""), audit.Credential{})
	// The deletion took a revision between the two.
	if again.Revision <= first.Revision+1 {
		t.Errorf("revision %d, the one before its deletion %d", again.Revision, first.Revision)
	}
}

// TestCreateMeetsSweep has the sweep remove a deleted source's record between the
// look at it and the write over it.
func TestCreateMeetsSweep(t *testing.T) {
	b := newBench(t)
	b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	if _, err := b.Delete(t.Context(), "prod", ""); err != nil {
		t.Fatal(err)
	}
	b.clock = start.Add(retention)
	straight := b.sources
	b.sources = &meddled{bucket: straight, before: func() {
		b.sources = straight
		if err := b.sweep(t.Context(), orphanGrace); err != nil {
			t.Errorf("sweep: %v", err)
		}
	}}
	b.mustCreate(t, record("prod", orgTwo, ""), token(tokenTwo))
	b.wantToken(t, "prod", tokenTwo)
	b.wantCredentials(t, 1)
}

// TestDeleteMeetsUpdate has a change come in between Delete's look and its write.
func TestDeleteMeetsUpdate(t *testing.T) {
	for name, withEtag := range map[string]bool{"any state": false, "one state": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			created := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
			straight := b.sources
			b.sources = &meddled{bucket: straight, before: func() {
				b.sources = straight
				fresh := token(tokenTwo)
				if _, err := b.Update(t.Context(), created, &fresh); err != nil {
					t.Errorf("Update: %v", err)
				}
			}}
			etag := ""
			if withEtag {
				etag = created.Source.GetEtag()
			}
			deleted, err := b.Delete(t.Context(), "prod", etag)
			if withEtag {
				wantError(t, err, audit.KindAborted, reasonEtag)
				b.wantToken(t, "prod", tokenTwo)
				return
			}
			if err != nil || deleted.Revision == created.Revision {
				t.Errorf("Delete: revision %d, %v", deleted.Revision, err)
			}
			b.wantCredentials(t, 0)
		})
	}
}

// meddled has something happen around a call.
type meddled struct {
	bucket
	before, then, beforeList func()
	// after is what a put fails with once it is carried out.
	after error
}

func (m *meddled) put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	if m.before != nil {
		m.before()
	}
	next, err := m.bucket.put(ctx, key, value, revision)
	if m.then != nil {
		m.then()
	}
	if m.after != nil {
		return 0, m.after
	}
	return next, err
}

func (m *meddled) list(ctx context.Context) ([]item, error) {
	if m.beforeList != nil {
		m.beforeList()
	}
	return m.bucket.list(ctx)
}
