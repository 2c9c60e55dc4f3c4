package seal

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestTwoStartsShareTheKey(t *testing.T) {
	dir := t.TempDir()
	var logged bytes.Buffer
	cfg := Config{DataDir: dir, Log: slog.New(slog.NewTextHandler(&logged, nil))}

	first, err := Open(cfg)
	if err != nil {
		t.Fatalf("first Open: %v", err)
	}
	path := filepath.Join(dir, DefaultKeyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(logged.String(), path) {
		t.Errorf("the log does not name the new file: %s", logged.String())
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") && strings.Contains(logged.String(), strings.TrimSpace(line)) {
			t.Error("the log shows the key")
		}
	}
	wantMode(t, path, 0o600)

	logged.Reset()
	second, err := Open(cfg)
	if err != nil {
		t.Fatalf("second Open: %v", err)
	}
	if logged.Len() > 0 {
		t.Errorf("the second start logs %s", logged.String())
	}
	if got, err := second.Open("prod", "ref", mustSeal(t, first, "prod", "ref")); err != nil || string(got) != secretText {
		t.Errorf("the second start opens to %q, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v: want the key file alone", entries, err)
	}
}

func TestStartsAtOnceAgree(t *testing.T) {
	dir := t.TempDir()
	sealers := make([]*Sealer, 8)
	var wg sync.WaitGroup
	for i := range sealers {
		wg.Go(func() {
			s, err := Open(Config{DataDir: dir})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			sealers[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for i, s := range sealers {
		if s.current.id != sealers[0].current.id {
			t.Errorf("start %d has another key than start 0", i)
		}
	}
}

func TestCrashWhileMakingTheFile(t *testing.T) {
	dir := t.TempDir()
	// What a crash before the link leaves: half a file under another name.
	left := filepath.Join(dir, "."+DefaultKeyFile+"-123")
	if err := os.WriteFile(left, []byte(newFileHead), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{DataDir: dir}); err != nil {
		t.Fatalf("Open after a crash: %v", err)
	}
}

func TestRefusedFiles(t *testing.T) {
	good := keyLine()
	short := "c2hvcnQ="
	tests := map[string]struct {
		text string
		mode os.FileMode
		want []string
	}{
		"group can read":    {good, 0o640, []string{"0640", "0600"}},
		"others can read":   {good, 0o604, []string{"0604", "0600"}},
		"group can write":   {good, 0o620, []string{"0620", "0600"}},
		"empty":             {"", 0o600, []string{"holds no key", "32 random bytes"}},
		"comments only":     {"# nothing\n\n", 0o600, []string{"holds no key"}},
		"no base64":         {"# head\nnot a key!", 0o600, []string{"line 2", "base64", "32 random bytes"}},
		"short":             {short, 0o600, []string{"line 1", "5 bytes", "32 random bytes"}},
		"long":              {"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB", 0o600, []string{"39 bytes"}},
		"second line short": {good + "\n" + short, 0o600, []string{"line 2"}},
		"twice the same":    {good + "\n# again\n" + good, 0o600, []string{"line 3", "line 1"}},
		"no padding":        {strings.TrimRight(good, "="), 0o600, []string{"base64"}},
		"not a key file":    {strings.Repeat("#\n", maxKeyFile), 0o600, []string{"no key file"}},
		"endless line":      {strings.Repeat("A", maxKeyFile), 0o600, []string{"too long"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Open(Config{KeyFile: path})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range append(test.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), strings.TrimRight(good, "=")) || strings.Contains(err.Error(), short) {
				t.Errorf("error %q shows a key", err)
			}
		})
	}
}

func TestReadOnlyFileIsFine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(" "+keyLine()+" \r\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{KeyFile: path}); err != nil {
		t.Errorf("Open: %v", err)
	}
}

func TestNamedFileIsNeverMade(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "typo.key")
	_, err := Open(Config{KeyFile: path, DataDir: dir})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v: want one that names the file", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestFolderIsNoKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{KeyFile: dir}); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("error %v", err)
	}
}

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %#o, want %#o", path, got, want)
	}
}
