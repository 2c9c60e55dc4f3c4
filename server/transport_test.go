package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/config"
)

// writePair writes a new certificate, and returns its key in PEM form.
func writePair(t *testing.T, cfg config.Config) (key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	writeFile(t, cfg.TLSCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	writeFile(t, cfg.TLSKey, key)
	return key
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Files that could not be used, and then can without a change that shows, such as
// one of their rights, are used before long.
func TestTLSFilesAreTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := config.Config{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}
	synctest.Test(t, func(t *testing.T) {
		writePair(t, cfg)
		files := &tlsFiles{cfg: cfg, log: slog.New(slog.DiscardHandler)}
		files.seen = files.look()
		old, err := loadTLS(cfg)
		if err != nil {
			t.Fatal(err)
		}
		files.settings = old
		now := func() *tls.Config {
			t.Helper()
			got, err := files.forClient(&tls.ClientHelloInfo{})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		key := writePair(t, cfg)
		at := time.Now()
		writeFile(t, cfg.TLSKey, make([]byte, len(key)))
		if err := os.Chtimes(cfg.TLSKey, at, at); err != nil {
			t.Fatal(err)
		}
		if now() != old {
			t.Error("files that cannot be used are used")
		}
		writeFile(t, cfg.TLSKey, key)
		if err := os.Chtimes(cfg.TLSKey, at, at); err != nil {
			t.Fatal(err)
		}
		if now() != old {
			t.Error("files that failed are read for each connection")
		}
		time.Sleep(tlsRetry)
		fresh := now()
		if fresh == old {
			t.Fatal("files that can be used are not")
		}
		time.Sleep(tlsRetry)
		if now() != fresh {
			t.Error("files that have not changed are read again")
		}
	})
}
