package journal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	identityKey  = "identity"
	tokenKeySize = 32
)

// identity is what tells this journal from another, and what seals its tokens.
// Both are made once, together, and live as long as the journal.
type identity struct {
	Journal  string `json:"journal"`
	TokenKey []byte `json:"token_key"`
}

// identify reads the journal's identity, or makes it.
func (j *Journal) identify(ctx context.Context) error {
	bucket, err := j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:      metaBucket,
		Description: "the journal's identity",
		History:     1,
		Storage:     jetstream.FileStorage,
	})
	if err != nil {
		return fmt.Errorf("bucket %s: %w", metaBucket, err)
	}
	entry, err := bucket.Get(ctx, identityKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		entry, err = newIdentity(ctx, bucket)
	}
	if err != nil {
		return fmt.Errorf("the journal's identity: %w", err)
	}
	var id identity
	if err := json.Unmarshal(entry.Value(), &id); err != nil || id.Journal == "" || len(id.TokenKey) != tokenKeySize {
		return errors.New("the journal's identity is damaged")
	}
	block, err := aes.NewCipher(id.TokenKey)
	if err != nil {
		return fmt.Errorf("the key of resume tokens: %w", err)
	}
	if j.sealer, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return fmt.Errorf("the key of resume tokens: %w", err)
	}
	j.id = id.Journal
	return nil
}

// newIdentity makes an identity, unless another server was first: then the one
// it made is the journal's.
func newIdentity(ctx context.Context, bucket jetstream.KeyValue) (jetstream.KeyValueEntry, error) {
	id := identity{Journal: rand.Text(), TokenKey: make([]byte, tokenKeySize)}
	if _, err := rand.Read(id.TokenKey); err != nil {
		return nil, err
	}
	value, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	if _, err := bucket.Create(ctx, identityKey, value); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, err
	}
	return bucket.Get(ctx, identityKey)
}
