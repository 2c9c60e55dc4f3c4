package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/snykstream/snykstream/internal/audit"
)

// told collects what a Watch tells, and ends it with the test.
type told struct {
	t    *testing.T
	next chan audit.SourceRecord
}

func startWatch(t *testing.T, r *Registry) *told {
	t.Helper()
	w := &told{t: t, next: make(chan audit.SourceRecord, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Watch(ctx, func(rec audit.SourceRecord) { w.next <- rec }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Watch: %v", err)
		}
		select {
		case rec := <-w.next:
			t.Errorf("Watch also told of %v", rec)
		default:
		}
	})
	return w
}

// want waits for the next record.
func (w *told) want(want audit.SourceRecord) {
	w.t.Helper()
	select {
	case got := <-w.next:
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			w.t.Errorf("Watch told (-want +got):\n%s", diff)
		}
	case <-time.After(time.Minute):
		w.t.Fatalf("Watch did not tell of %q", want.ID())
	}
}

func TestWatch(t *testing.T) {
	b := newBench(t)
	prod := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	b.mustCreate(t, record("old", orgOne, ""), token(tokenOne))
	if _, err := b.Delete(t.Context(), "old", ""); err != nil {
		t.Fatal(err)
	}
	old, err := b.find(t.Context(), "old")
	if err != nil || !old.Deleted() {
		t.Fatalf("the deleted record: %v, %v", old, err)
	}

	w := startWatch(t, b.Registry)
	w.want(prod)
	w.want(old)

	dev := b.mustCreate(t, record("dev", orgTwo, ""), token(tokenTwo))
	w.want(dev)
	changed, err := b.Update(t.Context(), prod, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.want(changed)
	if _, err := b.Delete(t.Context(), "dev", ""); err != nil {
		t.Fatal(err)
	}
	gone, err := b.find(t.Context(), "dev")
	if err != nil {
		t.Fatal(err)
	}
	w.want(gone)
	w.want(b.mustCreate(t, record("dev", orgTwo, ""), token(tokenTwo)))
}

func TestWatchOverAReconnect(t *testing.T) {
	b := newBench(t)
	prod := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	w := startWatch(t, b.Registry)
	w.want(prod)
	if err := b.engine.Conn().ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	var dev audit.SourceRecord
	for {
		var err error
		if dev, err = b.Create(t.Context(), record("dev", orgTwo, ""), token(tokenTwo)); err == nil {
			break
		}
		if !audit.IsKind(err, audit.KindUnavailable) {
			t.Fatalf("Create: %v", err)
		}
	}
	w.want(dev)
}

// broken is a bucket whose watches break off, one after each of its breaks.
type broken struct {
	bucket
	// after has, for each watch in turn, how many items it tells before it breaks; at
	// the end they hold.
	after []int
	// while runs during each break.
	while func(n int)
	count int
}

func (b *broken) watch(ctx context.Context, ready func(), each func(item)) error {
	n := b.count
	b.count++
	if n >= len(b.after) {
		return b.bucket.watch(ctx, ready, each)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	left := b.after[n]
	if left == 0 {
		cancel()
	}
	err := b.bucket.watch(ctx, func() {
		if left > 0 {
			ready()
		}
	}, func(it item) {
		if left == 0 {
			return
		}
		each(it)
		if left--; left == 0 {
			cancel()
		}
	})
	b.while(n)
	return errors.Join(errFault, err)
}

func TestWatchBreaksOff(t *testing.T) {
	b := newBench(t)
	one := b.mustCreate(t, record("one", orgOne, ""), token(tokenOne))
	two := b.mustCreate(t, record("two", orgOne, ""), token(tokenOne))
	three := b.mustCreate(t, record("three", orgOne, ""), token(tokenOne))
	var changed, four audit.SourceRecord
	breaks := &broken{bucket: b.sources, after: []int{2, 0, 1, 4}}
	breaks.while = func(n int) {
		if n != 2 {
			return
		}
		var err error
		if changed, err = b.Update(t.Context(), one, nil); err != nil {
			t.Error(err)
		}
		four = b.mustCreate(t, record("four", orgOne, ""), token(tokenOne))
	}
	r := *b.Registry
	r.sources = breaks
	w := startWatch(t, &r)
	w.want(one)
	w.want(two)
	w.want(three)
	w.want(changed)
	w.want(four)
	w.want(b.mustCreate(t, record("five", orgOne, ""), token(tokenOne)))
}

// TestWatchMissesTheWholeDeletion has two sources deleted and removed, the second
// after it was told as deleted.
func TestWatchMissesTheWholeDeletion(t *testing.T) {
	b := newBench(t)
	one := b.mustCreate(t, record("one", orgOne, ""), token(tokenOne))
	b.mustCreate(t, record("two", orgOne, ""), token(tokenOne))
	kept := b.mustCreate(t, record("kept", orgOne, ""), token(tokenOne))
	if _, err := b.Delete(t.Context(), "two", ""); err != nil {
		t.Fatal(err)
	}
	two, err := b.find(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	breaks := &broken{bucket: b.sources, after: []int{3}}
	breaks.while = func(int) {
		if _, err := b.Delete(t.Context(), "one", ""); err != nil {
			t.Error(err)
		}
		b.clock = start.Add(retention)
		if err := b.sweep(t.Context(), orphanGrace); err != nil {
			t.Error(err)
		}
	}
	r := *b.Registry
	r.sources = breaks
	w := startWatch(t, &r)
	w.want(one)
	w.want(kept)
	w.want(two)
	gone := record("one", "", "")
	gone.Source.Reset()
	gone.Source.Id = "one"
	gone.DeleteTime, gone.Revision = start.Add(retention), one.Revision+1
	w.want(gone)
}

func TestWatchPassesOverDamage(t *testing.T) {
	b := newBench(t)
	if _, err := b.sources.put(t.Context(), "damaged", []byte("\xff"), 0); err != nil {
		t.Fatal(err)
	}
	// A record under another's key.
	value, err := encodeRecord(record("prod", orgOne, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.sources.put(t.Context(), "moved", value, 0); err != nil {
		t.Fatal(err)
	}
	prod := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	startWatch(t, b.Registry).want(prod)
}

// run is Run until the test ends.
func run(t *testing.T, r *Registry) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestRunFollowsOthersWrites(t *testing.T) {
	b := newBench(t)
	// Another process: the same buckets, another cache.
	other := *b.Registry
	other.cache = newCache()
	run(t, b.Registry)
	rec := record("dev", orgTwo, "")
	rec.Source.Labels["env"] = "dev"
	created, err := other.Create(t.Context(), rec, audit.Credential{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return b.Labels("dev")["env"] == "dev" })
	if cached, ok := b.Cached("dev"); !ok || cached.Revision != created.Revision {
		t.Errorf("cached: revision %d, %v, want %d", cached.Revision, ok, created.Revision)
	}
}

func TestRunSweeps(t *testing.T) {
	b := newBench(t)
	b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	ref, err := b.putCredential(t.Context(), "prod", token(tokenTwo))
	if err != nil {
		t.Fatal(err)
	}
	b.clock = timeOfStore(t, b).Add(orphanGrace)
	b.sweepEvery = time.Millisecond
	run(t, b.Registry)
	eventually(t, func() bool {
		_, err := b.credentials.get(t.Context(), credentialKey("prod", ref))
		return errors.Is(err, errNoKey)
	})
	b.wantToken(t, "prod", tokenOne)
}

func TestCachedAll(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"two", "one", "gone", "three"} {
		b.mustCreate(t, record(id, orgOne, ""), audit.Credential{})
	}
	if _, err := b.Delete(t.Context(), "gone", ""); err != nil {
		t.Fatal(err)
	}
	for _, restarted := range []bool{false, true} {
		if restarted {
			b.reopen(t)
		}
		var ids []string
		for _, rec := range b.CachedAll() {
			ids = append(ids, rec.ID())
		}
		if diff := cmp.Diff([]string{"one", "three", "two"}, ids); diff != "" {
			t.Errorf("restarted %v (-want +got):\n%s", restarted, diff)
		}
	}
	if gone, ok := b.Cached("gone"); !ok || !gone.Deleted() {
		t.Errorf("the deleted one: %v, %v", gone, ok)
	}
}

// TestCacheIsItsOwn holds that neither changes to what a call returned nor writes
// that arrive late show in the cache.
func TestCacheIsItsOwn(t *testing.T) {
	b := newBench(t)
	created := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	updated, err := b.Update(t.Context(), created, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := b.Cached("prod")
	want.Source, want.Credential = proto.CloneOf(want.Source), proto.CloneOf(want.Credential)
	b.cache.put(created)
	updated.Source.Labels["env"] = "changed"
	updated.Credential.Principal = "changed"
	got, _ := b.Cached("prod")
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("the cache changed (-before +after):\n%s", diff)
	}
}

// eventually waits until ok says so.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	limit := time.After(time.Minute)
	for !ok() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatal("it does not happen")
		}
	}
}
