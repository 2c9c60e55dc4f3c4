package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snykstream/snykstream/internal/engine"
)

// What a bucket's methods fail with, beside the store's own errors.
var (
	errNoKey    = errors.New("no such key")
	errConflict = errors.New("the key was written meanwhile")
)

const (
	// listTimeout bounds a listing, which waits for the store to send it.
	listTimeout = 10 * time.Second
	// writeTimeout bounds a write: a store that has given up never answers it.
	writeTimeout = 5 * time.Second
)

// item is a key with its value.
type item struct {
	key      string
	value    []byte
	revision uint64
	created  time.Time
}

// bucket is what the registry does with a key-value bucket. Every method reads
// and writes through the bucket's leader.
type bucket interface {
	// get fails with errNoKey where there is no value.
	get(ctx context.Context, key string) (item, error)
	// put writes over the given revision, 0 being none, and returns the new one. It
	// fails with errConflict if another is there: nothing is written then. After
	// other errors it may be written.
	put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error)
	// erase overwrites and removes one revision of a key. It is no error if that is
	// gone already.
	erase(ctx context.Context, key string, revision uint64) error
	// list returns everything in the order of keys.
	list(ctx context.Context) ([]item, error)
	// watch calls each for all there is, then ready once, then each for every
	// change, until it breaks off or ctx ends. It never returns nil.
	watch(ctx context.Context, ready func(), each func(item)) error
}

// kvBucket is a bucket over JetStream.
type kvBucket struct {
	engine *engine.Engine
	kv     jetstream.KeyValue
	stream jetstream.Stream
}

// openBucket makes the bucket's stream itself, since CreateKeyValue forbids two
// things: messages could not be deleted, so that erasing was impossible, and
// reads would not all go to the leader.
func openBucket(ctx context.Context, store *engine.Engine, name, description string) (*kvBucket, error) {
	js := store.JetStream()
	stream, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:              "KV_" + name,
		Description:       description,
		Subjects:          []string{"$KV." + name + ".>"},
		Storage:           jetstream.FileStorage,
		MaxMsgsPerSubject: 1,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		MaxConsumers:      -1,
		MaxMsgSize:        -1,
		Discard:           jetstream.DiscardNew,
		AllowRollup:       true,
		Replicas:          1,
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", name, err)
	}
	kv, err := js.KeyValue(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", name, err)
	}
	return &kvBucket{engine: store, kv: kv, stream: stream}, nil
}

func (b *kvBucket) get(ctx context.Context, key string) (item, error) {
	entry, err := b.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return item{}, errNoKey
	}
	if err != nil {
		return item{}, err
	}
	return itemOf(entry), nil
}

func itemOf(entry jetstream.KeyValueEntry) item {
	return item{key: entry.Key(), value: entry.Value(), revision: entry.Revision(), created: entry.Created()}
}

func (b *kvBucket) put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	// A write that the disk has no room for would make the store give up for good.
	if err := b.engine.Writable(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var next uint64
	var err error
	if revision == 0 {
		next, err = b.kv.Create(ctx, key, value)
	} else {
		next, err = b.kv.Update(ctx, key, value, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, fmt.Errorf("%w: %w", errConflict, err)
	}
	if err != nil {
		return 0, errors.Join(err, b.engine.Fault(b.stream.CachedInfo().Config.Name))
	}
	return next, nil
}

func (b *kvBucket) erase(ctx context.Context, key string, revision uint64) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := b.stream.SecureDeleteMsg(ctx, revision)
	if err == nil {
		return nil
	}
	// The answer does not tell a message that is gone from a deletion that failed.
	have, getErr := b.get(ctx, key)
	if errors.Is(getErr, errNoKey) || (getErr == nil && have.revision != revision) {
		return nil
	}
	return err
}

func (b *kvBucket) list(ctx context.Context) ([]item, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	var items []item
	// The watch reads what there is; ending it is how it is told to stop.
	complete := false
	ready := func() { complete = true; cancel() }
	err := b.watch(ctx, ready, func(it item) {
		if !complete {
			items = append(items, it)
		}
	})
	if !complete {
		return nil, err
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.key, b.key) })
	return items, nil
}

func (b *kvBucket) watch(ctx context.Context, ready func(), each func(item)) error {
	// The watcher lives as long as its context.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watcher, err := b.kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch the bucket: %w", err)
	}
	defer stop(watcher)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, open := <-watcher.Updates():
			switch {
			case !open:
				return errors.New("the watch broke off")
			case entry == nil:
				ready()
			// The registry leaves no markers; others' must not pass for records.
			case entry.Operation() == jetstream.KeyValuePut:
				each(itemOf(entry))
			}
		}
	}
}

// stop ends a watcher and waits until it has: it may be holding an entry that
// nobody takes any more.
func stop(watcher jetstream.KeyWatcher) {
	// An error says that it has ended already.
	_ = watcher.Stop()
	for range watcher.Updates() {
	}
}
