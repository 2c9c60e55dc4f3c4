package audit

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a value that no format verb, encoder or logger prints. Reveal is the
// only way to read it. The zero value is the empty secret.
type Secret struct {
	// A function, because fmt and its like never ask an unexported field of another
	// struct how to print itself: they would show a string, and what a pointer
	// points to. Of a function there is only an address. It also keeps == from
	// compiling; Equal compares.
	value func() string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: func() string { return value }} }

// Reveal returns the value. Call it only where the value leaves for its purpose.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// Empty says that there is no value.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Equal compares two secrets in a time that does not depend on what they share.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// Fingerprint tells secrets apart without showing them: 16 hexadecimal digits.
func (s Secret) Fingerprint() string {
	sum := sha256.Sum256([]byte("snykstream secret\x00" + s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// Format implements fmt.Formatter, so that no verb reaches the value.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler, which JSON and YAML ask for.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
