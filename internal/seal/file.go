package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// DefaultKeyFile is the key file's name in the data folder, where none is given.
const DefaultKeyFile = "sealing.key"

// maxKeyFile is far more than anyone's keys need.
const maxKeyFile = 64 << 10

const newFileHead = `# snykstream's sealing keys. Whoever has this file and the data folder can read
# the credentials stored there: keep a copy of it apart from copies of the data.
# One key a line, base64 of 32 random bytes. The first seals, the others only open
# what they sealed before.
`

// Config tells where the key file is.
type Config struct {
	// KeyFile is the key file. Empty: DefaultKeyFile in DataDir, made if it is not
	// there. A file that is named must exist: a wrong path must not become a new
	// key.
	KeyFile string
	// DataDir is the data folder, used where KeyFile is empty. The engine makes and
	// locks it, so it comes first.
	DataDir string
	// Log gets a line when a key file is made. Default: none.
	Log *slog.Logger
}

// Open reads the key file. It refuses one that group or others can read, and one
// with anything in it that is no key.
func Open(cfg Config) (*Sealer, error) {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	path := cfg.KeyFile
	if path == "" {
		path = filepath.Join(cfg.DataDir, DefaultKeyFile)
		made, err := ensureKeyFile(path)
		if err != nil {
			return nil, fmt.Errorf("make the sealing key file %s: %w", path, err)
		}
		if made {
			log.Info("made a new sealing key; keep a copy of the file apart from the data folder", slog.String("path", path))
		}
	}
	keys, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("sealing key file %s %w", path, err)
	}
	s := &Sealer{current: keys[0], keys: make(map[string]key, len(keys))}
	for _, k := range keys {
		s.keys[k.id] = k
	}
	return s, nil
}

func readKeyFile(path string) ([]key, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("does not exist: %s, with mode 0600: %w", howToMakeKey, err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read

	// The open file is asked, not the path, which may lead elsewhere by now.
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot be looked at: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("has mode %#o, open to group or others: it must be 0600 or 0400 (chmod 600)", mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	defer clear(text)
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("is larger than %d bytes: this is no key file", maxKeyFile)
	}
	return parseKeys(text)
}

// ensureKeyFile makes a key file with one new key where there is none, and says
// whether it did. The file appears under its name only once it is whole and
// synced, and an existing one is never touched: of two that start at once, one
// makes it and both use it.
func ensureKeyFile(path string) (made bool, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	dir := filepath.Dir(path)
	// O_EXCL and mode 0600 are CreateTemp's own.
	f, err := os.CreateTemp(dir, "."+DefaultKeyFile+"-*")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if err := errors.Join(writeNewKey(f), f.Close()); err != nil {
		return false, err
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, syncDir(dir)
}

func writeNewKey(f *os.File) error {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	defer clear(raw)
	// A wide umask cannot widen it, but a strict one could have left it unreadable.
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	if _, err := f.WriteString(newFileHead + base64.StdEncoding.EncodeToString(raw) + "\n"); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes the file's name as durable as its bytes: a key that is lost after
// a credential was sealed with it takes the credential along.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
