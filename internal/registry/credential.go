package registry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// discardTimeout bounds the erasing of a credential that is out of use.
const discardTimeout = 5 * time.Second

// sealedForm is a credential inside its seal. audit.Secret shows itself to no
// encoder, so its value is taken out here, and nowhere else on the way to the
// disk.
type sealedForm struct {
	Token        string `json:"token,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

// Credential opens the credential that rec names. Errors: KindPrecondition with
// reason CREDENTIALS_UNREADABLE if there is none, if it was replaced since rec was
// read, or if it does not open; KindUnavailable.
func (r *Registry) Credential(ctx context.Context, rec audit.SourceRecord) (audit.Credential, error) {
	if rec.CredentialRef == "" {
		return audit.Credential{}, unreadable("the source has no stored credentials", nil)
	}
	it, err := r.credentials.get(ctx, credentialKey(rec.ID(), rec.CredentialRef))
	if errors.Is(err, errNoKey) {
		return audit.Credential{}, unreadable("the source's stored credentials are gone", err)
	}
	if err != nil {
		return audit.Credential{}, unavailable(ctx, "read the credential", err)
	}
	sealed := new(stored.SealedCredential)
	if err := proto.Unmarshal(it.value, sealed); err != nil {
		return audit.Credential{}, unreadable("the source's stored credentials are damaged", fmt.Errorf("decode the credential: %w", err))
	}
	plaintext, err := r.sealer.Open(rec.ID(), rec.CredentialRef, sealed)
	if err != nil {
		return audit.Credential{}, err
	}
	defer clear(plaintext)
	var form sealedForm
	if json.Unmarshal(plaintext, &form) != nil {
		// The decoder's words may quote the secret.
		return audit.Credential{}, unreadable("the source's stored credentials are damaged", errors.New("the opened credential is not its JSON"))
	}
	return audit.Credential{
		Token: audit.NewSecret(form.Token), ClientID: form.ClientID, ClientSecret: audit.NewSecret(form.ClientSecret),
	}, nil
}

func credentialKey(sourceID, ref string) string { return sourceID + "/" + ref }

// putCredential stores a credential under a fresh ref. An empty one is not
// stored and has no ref.
func (r *Registry) putCredential(ctx context.Context, sourceID string, cred audit.Credential) (string, error) {
	if cred.Empty() {
		return "", nil
	}
	plaintext, err := json.Marshal(sealedForm{
		Token: cred.Token.Reveal(), ClientID: cred.ClientID, ClientSecret: cred.ClientSecret.Reveal(),
	})
	if err != nil {
		return "", internal(errors.New("encode the credential"))
	}
	defer clear(plaintext)
	ref := rand.Text()
	sealed, err := r.sealer.Seal(sourceID, ref, plaintext)
	if err != nil {
		return "", internal(fmt.Errorf("seal the credential: %w", err))
	}
	value, err := proto.Marshal(sealed)
	if err != nil {
		return "", internal(fmt.Errorf("encode the sealed credential: %w", err))
	}
	if _, err := r.credentials.put(ctx, credentialKey(sourceID, ref), value, 0); err != nil {
		return "", unavailable(ctx, "write the credential", err)
	}
	return ref, nil
}

// discard erases a credential that no record names any more. The change that
// took it out of use is made, whoever waits for it or leaves; if the erasing
// fails, Run makes it good.
func (r *Registry) discard(ctx context.Context, sourceID, ref string) {
	if ref == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	key := credentialKey(sourceID, ref)
	it, err := r.credentials.get(ctx, key)
	if err == nil {
		err = r.credentials.erase(ctx, key, it.revision)
	}
	if err != nil && !errors.Is(err, errNoKey) {
		r.log.ErrorContext(ctx, "a credential that is out of use could not be erased; it is tried again",
			slog.String("source", sourceID), slog.Any("error", err))
	}
}
