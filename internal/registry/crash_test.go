package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/snykstream/snykstream/internal/audit"
)

var errFault = errors.New("the store's fault")

// faults breaks one call to a store's buckets, counted from 0.
type faults struct {
	calls int
	at    int
	// done says that the broken call is carried out, and only its answer lost.
	done bool
	// crash says that nothing works after it: the process is gone.
	crash bool
	met   bool
}

// over puts the faults between the registry and its buckets.
func (f *faults) over(r *Registry) {
	r.sources = &faulty{bucket: r.sources, faults: f}
	r.credentials = &faulty{bucket: r.credentials, faults: f}
}

// next says what becomes of a call: whether it is carried out, and whether its
// answer arrives.
func (f *faults) next() (carryOut, answer bool) {
	f.calls++
	switch {
	case f.calls-1 == f.at:
		f.met = true
		return f.done, false
	case f.met && f.crash:
		return false, false
	}
	return true, true
}

type faulty struct {
	bucket
	faults *faults
}

func (b *faulty) get(ctx context.Context, key string) (item, error) {
	if _, answer := b.faults.next(); !answer {
		return item{}, errFault
	}
	return b.bucket.get(ctx, key)
}

func (b *faulty) put(ctx context.Context, key string, value []byte, revision uint64) (next uint64, err error) {
	carryOut, answer := b.faults.next()
	if carryOut {
		next, err = b.bucket.put(ctx, key, value, revision)
	}
	if !answer {
		return 0, errFault
	}
	return next, err
}

func (b *faulty) erase(ctx context.Context, key string, revision uint64) (err error) {
	carryOut, answer := b.faults.next()
	if carryOut {
		err = b.bucket.erase(ctx, key, revision)
	}
	if !answer {
		return errFault
	}
	return err
}

// operation is a call of the registry that takes several steps.
type operation struct {
	prepare func(t *testing.T, b *bench)
	call    func(ctx context.Context, b *bench) error
	// tokens are those that the source may have after a call that failed; "" stands
	// for no source. The last is the one after a call that succeeded.
	tokens []string
}

func operations() map[string]operation {
	create := func(t *testing.T, b *bench) {
		t.Helper()
		b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	}
	createTwo := func(ctx context.Context, b *bench) error {
		_, err := b.Create(ctx, record("prod", orgOne, ""), token(tokenTwo))
		return err
	}
	return map[string]operation{
		"create": {
			prepare: func(*testing.T, *bench) {}, call: createTwo,
			tokens: []string{"", tokenTwo},
		},
		"create again": {
			prepare: func(t *testing.T, b *bench) {
				t.Helper()
				create(t, b)
				if _, err := b.Delete(t.Context(), "prod", ""); err != nil {
					t.Fatal(err)
				}
			},
			call:   createTwo,
			tokens: []string{"", tokenTwo},
		},
		"update": {
			prepare: create,
			call: func(ctx context.Context, b *bench) error {
				rec, err := beside(ctx, b)
				if err != nil {
					return err
				}
				cred := token(tokenTwo)
				_, err = b.Update(ctx, rec, &cred)
				return err
			},
			tokens: []string{tokenOne, tokenTwo},
		},
		"delete": {
			prepare: create,
			call: func(ctx context.Context, b *bench) error {
				_, err := b.Delete(ctx, "prod", "")
				return err
			},
			tokens: []string{tokenOne, ""},
		},
	}
}

// beside reads the source past the faults.
func beside(ctx context.Context, b *bench) (audit.SourceRecord, error) {
	it, err := b.sources.(*faulty).bucket.get(ctx, "prod")
	if err != nil {
		return audit.SourceRecord{}, err
	}
	return decodeRecord(it)
}

// eachFault runs every operation with every one of its steps broken in turn, and
// check after each.
func eachFault(t *testing.T, crash bool, check func(t *testing.T, b *bench, op operation, err error)) {
	t.Helper()
	for name, op := range operations() {
		for _, done := range []bool{false, true} {
			met := true
			for at := 0; met; at++ {
				t.Run(fmt.Sprintf("%s/step %d, carried out %v", name, at, done), func(t *testing.T) {
					b := newBench(t)
					op.prepare(t, b)
					f := &faults{at: at, done: done, crash: crash}
					sources, credentials := b.sources, b.credentials
					f.over(b.Registry)
					err := op.call(t.Context(), b)
					b.sources, b.credentials = sources, credentials
					met = f.met
					if at == 0 && !met {
						t.Error("no step was broken")
					}
					check(t, b, op, err)
				})
			}
		}
	}
}

// wantOneOf holds that the source is whole in one of the operation's states, with
// no credential left over.
func wantOneOf(t *testing.T, b *bench, op operation, err error) {
	t.Helper()
	states := op.tokens
	if err == nil {
		states = op.tokens[len(op.tokens)-1:]
	}
	got := ""
	rec, getErr := b.Get(t.Context(), "prod")
	if getErr == nil {
		cred, err := b.Credential(t.Context(), rec)
		if err != nil {
			t.Fatalf("the source's credential: %v", err)
		}
		got = cred.Token.Reveal()
		b.wantCredentials(t, 1)
	} else {
		wantError(t, getErr, audit.KindNotFound, reasonNotFound)
		b.wantCredentials(t, 0)
	}
	if !slices.Contains(states, got) {
		t.Errorf("after %v the source has the token %q, want one of %q", err, got, states)
	}
}

func TestCrashAtEveryStep(t *testing.T) {
	eachFault(t, true, func(t *testing.T, b *bench, op operation, err error) {
		t.Helper()
		b.reopen(t)
		wantOneOf(t, b, op, err)
	})
}

func TestFaultAtEveryStep(t *testing.T) {
	eachFault(t, false, func(t *testing.T, b *bench, op operation, err error) {
		t.Helper()
		if err != nil {
			wantError(t, err, audit.KindUnavailable, reasonUnavailable)
			if !errors.Is(err, errFault) {
				t.Errorf("error %v does not wrap its cause", err)
			}
		}
		// Run's sweep has the last word, once nothing can be under way.
		b.clock = timeOfStore(t, b).Add(orphanGrace)
		if err := b.sweep(t.Context(), orphanGrace); err != nil {
			t.Fatalf("sweep: %v", err)
		}
		wantOneOf(t, b, op, err)
	})
}

// TestLostAnswer holds that a record which was written is not reported as
// failed, though the store's answer was lost.
func TestLostAnswer(t *testing.T) {
	for name, op := range operations() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			op.prepare(t, b)
			straight := b.sources
			b.sources = &faulty{bucket: &meddled{bucket: straight, after: errFault}, faults: &faults{at: -1}}
			err := op.call(t.Context(), b)
			if err != nil {
				t.Errorf("the call failed: %v", err)
			}
			b.sources = straight
			wantOneOf(t, b, op, err)
		})
	}
}

// TestCallerLeavesAfterTheWrite holds that the credential that went out of use is
// erased all the same.
func TestCallerLeavesAfterTheWrite(t *testing.T) {
	for _, name := range []string{"update", "delete"} {
		t.Run(name, func(t *testing.T) {
			op := operations()[name]
			b := newBench(t)
			op.prepare(t, b)
			straight := b.sources
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			written := &meddled{bucket: straight, then: cancel}
			b.sources = &faulty{bucket: written, faults: &faults{at: -1}}
			err := op.call(ctx, b)
			b.sources = straight
			if err != nil {
				t.Errorf("the call failed: %v", err)
			}
			wantOneOf(t, b, op, err)
		})
	}
}

func TestCallerLeaves(t *testing.T) {
	b := newBench(t)
	created := b.mustCreate(t, record("prod", orgOne, ""), token(tokenOne))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cred := token(tokenTwo)
	calls := map[string]func() error{
		"Get":        func() error { _, err := b.Get(ctx, "prod"); return err },
		"List":       func() error { _, err := b.List(ctx); return err },
		"Create":     func() error { _, err := b.Create(ctx, record("dev", orgOne, ""), cred); return err },
		"Update":     func() error { _, err := b.Update(ctx, created, &cred); return err },
		"Delete":     func() error { _, err := b.Delete(ctx, "prod", ""); return err },
		"Credential": func() error { _, err := b.Credential(ctx, created); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) || asError(err) != nil {
			t.Errorf("%s: %v, want the context's own error", name, err)
		}
	}
}
