package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// formatVersion is the version of the envelope that Seal writes.
const formatVersion = 1

// The two layers of the envelope. Each is bound to its own name, so that neither
// can stand in for the other.
const (
	layerKey  = "data key"
	layerData = "credential"
)

// Sealer seals and opens credentials. It is safe for concurrent use.
type Sealer struct {
	current key
	// keys has every key by its id, the current one included.
	keys map[string]key
}

// Seal encrypts plaintext for one credential of one source. Only Open with the
// same source and ref gives it back.
func (s *Sealer) Seal(sourceID, ref string, plaintext []byte) (*stored.SealedCredential, error) {
	dataKey := make([]byte, keySize)
	// crypto/rand never fails: it ends the process instead.
	_, _ = rand.Read(dataKey)
	defer clear(dataKey)

	wrapped, err := encrypt(s.current.bytes[:], dataKey, binding(layerKey, s.current.id, sourceID, ref))
	if err != nil {
		return nil, fmt.Errorf("wrap the data key: %w", err)
	}
	ciphertext, err := encrypt(dataKey, plaintext, binding(layerData, "", sourceID, ref))
	if err != nil {
		return nil, fmt.Errorf("seal the credential: %w", err)
	}
	return &stored.SealedCredential{
		Version: formatVersion, KeyId: s.current.id, WrappedKey: wrapped, Ciphertext: ciphertext,
	}, nil
}

// Open decrypts what Seal made for the same source and ref. It fails with an
// *audit.Error of reason CREDENTIALS_UNREADABLE: the blob is of a later version,
// sealed with a key that the key file lacks, damaged, or another credential's.
func (s *Sealer) Open(sourceID, ref string, sealed *stored.SealedCredential) ([]byte, error) {
	if v := sealed.GetVersion(); v != formatVersion {
		return nil, unreadable("they are sealed in a format that this release does not know",
			fmt.Errorf("format version %d, not %d", v, formatVersion))
	}
	k, ok := s.keys[sealed.GetKeyId()]
	if !ok {
		return nil, unreadable("they are sealed with a key that the sealing key file does not hold",
			fmt.Errorf("no sealing key has the id %q", sealed.GetKeyId()))
	}
	dataKey, err := decrypt(k.bytes[:], sealed.GetWrappedKey(), binding(layerKey, k.id, sourceID, ref))
	if err != nil {
		return nil, unreadable("they are damaged", fmt.Errorf("unwrap the data key: %w", err))
	}
	defer clear(dataKey)
	plaintext, err := decrypt(dataKey, sealed.GetCiphertext(), binding(layerData, "", sourceID, ref))
	if err != nil {
		return nil, unreadable("they are damaged", fmt.Errorf("open the credential: %w", err))
	}
	return plaintext, nil
}

func unreadable(why string, cause error) error {
	return &audit.Error{
		Kind:    audit.KindPrecondition,
		Reason:  snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE,
		Message: "the source's stored credentials cannot be read: " + why + "; give the source its credentials again",
		Cause:   cause,
	}
}

// binding is the associated data of a layer: the format's version, and every part
// with its length before it, so that no two lists of parts read the same.
func binding(parts ...string) []byte {
	out := binary.BigEndian.AppendUint32([]byte("snykstream sealed credential\x00"), formatVersion)
	for _, part := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // ids are far below 4 GiB
		out = append(out, part...)
	}
	return out
}

// encrypt returns a random nonce, the ciphertext and the tag.
func encrypt(secret, plaintext, associated []byte) ([]byte, error) {
	aead, err := newAEAD(secret)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plaintext, associated), nil //nolint:gosec // G407: this AEAD draws its nonce itself
}

func decrypt(secret, ciphertext, associated []byte) ([]byte, error) {
	aead, err := newAEAD(secret)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nil, ciphertext, associated)
	if err != nil {
		// The library's own words differ by what is wrong, which is nobody's business.
		return nil, errors.New("authentication failed")
	}
	return plaintext, nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	if len(secret) != keySize {
		return nil, fmt.Errorf("a key has %d bytes, not %d", len(secret), keySize)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return aead, nil
}
