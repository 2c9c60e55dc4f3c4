package seal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// keySize is that of AES-256.
const keySize = 32

const howToMakeKey = "make one with: head -c 32 /dev/urandom | base64"

// key is a sealing key. Its id is derived from it and tells nothing of it.
type key struct {
	id    string
	bytes [keySize]byte
}

func newKey(raw [keySize]byte) key {
	sum := sha256.Sum256(append([]byte("snykstream sealing key id\x00"), raw[:]...))
	return key{id: hex.EncodeToString(sum[:8]), bytes: raw}
}

// parseKeys reads a key file's text. No error shows any of it: a malformed key is
// still most of a key.
func parseKeys(text []byte) ([]key, error) {
	var keys []key
	lineOf := make(map[string]int)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", n, err)
		}
		if first, twice := lineOf[k.id]; twice {
			return nil, fmt.Errorf("line %d repeats the key of line %d: remove one", n, first)
		}
		lineOf[k.id] = n
		keys = append(keys, k)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("has a line that is too long to be a key: %w", err)
	}
	if len(keys) == 0 {
		return nil, errors.New("holds no key: it needs a line of base64 of 32 random bytes; " + howToMakeKey)
	}
	return keys, nil
}

func parseKey(line string) (key, error) {
	raw, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return key{}, errors.New("is not standard base64: a key is a line of base64 of 32 random bytes; " + howToMakeKey)
	}
	defer clear(raw)
	if len(raw) != keySize {
		return key{}, fmt.Errorf("is a key of %d bytes: it must be %d random bytes; %s", len(raw), keySize, howToMakeKey)
	}
	return newKey([keySize]byte(raw)), nil
}
