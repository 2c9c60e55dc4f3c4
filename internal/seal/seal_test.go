package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

const secretText = `{"token":"snyk_uat.12345678.payload.signature"}`

func keyLine() string {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

func sealerWith(t *testing.T, lines ...string) *Sealer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	var text bytes.Buffer
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{KeyFile: path})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func mustSeal(t *testing.T, s *Sealer, sourceID, ref string) *stored.SealedCredential {
	t.Helper()
	sealed, err := s.Seal(sourceID, ref, []byte(secretText))
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return sealed
}

func wantUnreadable(t *testing.T, plaintext []byte, err error) {
	t.Helper()
	var e *audit.Error
	switch {
	case err == nil:
		t.Fatalf("opened to %q", plaintext)
	case plaintext != nil:
		t.Fatalf("an error and %q", plaintext)
	case !errors.As(err, &e):
		t.Fatalf("error %v is no *audit.Error", err)
	case e.Kind != audit.KindPrecondition || e.Reason != snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE:
		t.Fatalf("error of kind %v, reason %v", e.Kind, e.Reason)
	}
}

func TestSealAndOpen(t *testing.T) {
	s := sealerWith(t, keyLine())
	for name, plaintext := range map[string][]byte{
		"text": []byte(secretText), "empty": {}, "large": bytes.Repeat([]byte{7}, 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			sealed, err := s.Seal("prod", "ref1", plaintext)
			if err != nil {
				t.Fatalf("Seal: %v", err)
			}
			got, err := s.Open("prod", "ref1", sealed)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			if !bytes.Equal(got, plaintext) {
				t.Errorf("opened to %q", got)
			}
		})
	}
}

func TestSealedTextDoesNotShow(t *testing.T) {
	s := sealerWith(t, keyLine())
	blob := marshal(t, mustSeal(t, s, "prod", "ref1"))
	if bytes.Contains(blob, []byte("snyk_uat")) {
		t.Error("the blob shows the secret")
	}
	if bytes.Contains(blob, s.current.bytes[:]) {
		t.Error("the blob shows the sealing key")
	}
	if again := marshal(t, mustSeal(t, s, "prod", "ref1")); bytes.Equal(blob, again) {
		t.Error("sealing twice gives the same bytes: nonce or data key is used again")
	}
}

func TestAnotherBindingDoesNotOpen(t *testing.T) {
	s := sealerWith(t, keyLine())
	sealed := mustSeal(t, s, "prod", "ref1")
	for name, b := range map[string]struct{ source, ref string }{
		"other source":       {"staging", "ref1"},
		"other ref":          {"prod", "ref2"},
		"swapped":            {"ref1", "prod"},
		"boundary moved":     {"prodr", "ef1"},
		"all in the source":  {"prodref1", ""},
		"source left out":    {"", "ref1"},
		"nul between":        {"prod\x00ref1", ""},
		"length looks alike": {"prod\x00\x00\x00\x04ref1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			plaintext, err := s.Open(b.source, b.ref, sealed)
			wantUnreadable(t, plaintext, err)
		})
	}
}

func TestTamperEveryBit(t *testing.T) {
	s := sealerWith(t, keyLine(), keyLine())
	blob := marshal(t, mustSeal(t, s, "prod", "ref1"))
	for i := range blob {
		for bit := range 8 {
			changed := bytes.Clone(blob)
			changed[i] ^= 1 << bit
			sealed := new(stored.SealedCredential)
			if proto.Unmarshal(changed, sealed) != nil {
				continue
			}
			if _, err := s.Open("prod", "ref1", sealed); err == nil {
				t.Fatalf("opened with bit %d of byte %d changed", bit, i)
			}
		}
	}
	for cut := range blob {
		sealed := new(stored.SealedCredential)
		if proto.Unmarshal(blob[:cut], sealed) != nil {
			continue
		}
		if _, err := s.Open("prod", "ref1", sealed); err == nil {
			t.Fatalf("opened with %d of %d bytes", cut, len(blob))
		}
	}
}

func TestPartsOfTwoBlobsDoNotMix(t *testing.T) {
	s := sealerWith(t, keyLine())
	one, two := mustSeal(t, s, "prod", "ref1"), mustSeal(t, s, "prod", "ref1")
	for name, mix := range map[string]func(*stored.SealedCredential){
		"data key of the other":   func(c *stored.SealedCredential) { c.WrappedKey = two.GetWrappedKey() },
		"ciphertext of the other": func(c *stored.SealedCredential) { c.Ciphertext = two.GetCiphertext() },
		"layers swapped": func(c *stored.SealedCredential) {
			c.WrappedKey, c.Ciphertext = one.GetCiphertext(), one.GetWrappedKey()
		},
		"version 0": func(c *stored.SealedCredential) { c.Version = 0 },
		"version 2": func(c *stored.SealedCredential) { c.Version = 2 },
		"nothing":   func(c *stored.SealedCredential) { proto.Reset(c) },
	} {
		t.Run(name, func(t *testing.T) {
			mixed := proto.CloneOf(one)
			mix(mixed)
			plaintext, err := s.Open("prod", "ref1", mixed)
			wantUnreadable(t, plaintext, err)
		})
	}
}

func TestRotation(t *testing.T) {
	oldLine, newLine := keyLine(), keyLine()
	before := sealerWith(t, oldLine)
	during := sealerWith(t, "# the new one", newLine, "", "# the old one", oldLine)
	after := sealerWith(t, newLine)

	old := mustSeal(t, before, "prod", "ref1")
	if _, err := during.Open("prod", "ref1", old); err != nil {
		t.Errorf("an old blob does not open with both keys: %v", err)
	}
	fresh := mustSeal(t, during, "prod", "ref2")
	if _, err := after.Open("prod", "ref2", fresh); err != nil {
		t.Errorf("a new blob is not sealed with the first key: %v", err)
	}
	plaintext, err := after.Open("prod", "ref1", old)
	wantUnreadable(t, plaintext, err)
	plaintext, err = before.Open("prod", "ref2", fresh)
	wantUnreadable(t, plaintext, err)

	// The id in a blob is the only hint; a wrong one must not find a way in.
	relabelled := proto.CloneOf(old)
	relabelled.KeyId = fresh.GetKeyId()
	plaintext, err = during.Open("prod", "ref1", relabelled)
	wantUnreadable(t, plaintext, err)
}

// TestBlobOfVersion1 opens a blob that an earlier build sealed: the format on disk
// is fixed from here on.
func TestBlobOfVersion1(t *testing.T) {
	const (
		line = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
		text = "CAESEDEzM2NkNjdiZTZkMDM5OGQaPOoFlnM54X8M2wJlbifVWqyh5PNMaQuMweMgtFuEPgMMQLF7WwygELS5mgQg9UNPr5+sp2EM" +
			"wH3/xrm/ESJLSQyJmegsIlXTuQ0pQLzy1hxPM5CgTsgOC1wPfCT+1j/VseY2Vu0ObAFqODP3adQwJFMTMA4LIfuuF6bCv1UOUF2j" +
			"ujEnDPFZfc+f"
	)
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	sealed := new(stored.SealedCredential)
	if err := proto.Unmarshal(blob, sealed); err != nil {
		t.Fatal(err)
	}
	got, err := sealerWith(t, line).Open("prod", "ref1", sealed)
	if err != nil || string(got) != secretText {
		t.Errorf("opened to %q, %v", got, err)
	}
}

func marshal(t *testing.T, sealed *stored.SealedCredential) []byte {
	t.Helper()
	blob, err := proto.Marshal(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}
