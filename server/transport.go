package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/snykstream/snykstream/internal/config"
)

// tlsRetry is how long files that could not be used are left alone while they look
// the same: what kept them from being read may be over, and nobody is to learn from
// an expired certificate that the new one was never used.
const tlsRetry = 10 * time.Second

// transport is how callers connect: TLS where there is a certificate. New
// connections use what the files hold by then.
func transport(cfg config.Config, log *slog.Logger) (credentials.TransportCredentials, error) {
	if cfg.TLSCert == "" {
		return insecure.NewCredentials(), nil
	}
	files := &tlsFiles{cfg: cfg, log: log}
	var err error
	files.seen = files.look()
	if files.settings, err = loadTLS(cfg); err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{GetConfigForClient: files.forClient, MinVersion: tls.VersionTLS12}), nil
}

// tlsFiles are the TLS settings of the files. They are looked at for each new
// connection, which costs next to nothing beside its handshake, so that a
// certificate is renewed and an authority replaced without a restart.
type tlsFiles struct {
	cfg config.Config
	log *slog.Logger

	mu sync.Mutex
	// seen is how the files were when settings were read, nil for one that was not
	// there, and settings the last that were good; both under mu.
	seen     []os.FileInfo
	settings *tls.Config
	// failed is when files could not be used, zero where the last could; under mu.
	failed time.Time
}

// forClient implements tls.Config.GetConfigForClient. Files that do not fit, such as
// a certificate whose key is not written yet, leave things as they were until one of
// them changes again.
func (f *tlsFiles) forClient(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.look()
	if again := !f.failed.IsZero() && time.Since(f.failed) >= tlsRetry; !again && same(f.seen, now) {
		return f.settings, nil
	}
	f.seen = now
	settings, err := loadTLS(f.cfg)
	if err != nil {
		f.failed = time.Now()
		f.log.ErrorContext(hello.Context(), "the TLS files changed and cannot be used: the old ones are kept", slog.Any("error", err))
		return f.settings, nil
	}
	f.log.InfoContext(hello.Context(), "the TLS files changed: new connections use them")
	f.settings, f.failed = settings, time.Time{}
	return settings, nil
}

// look tells how the files are now, before they are read: what changes meanwhile is
// found the next time.
func (f *tlsFiles) look() []os.FileInfo {
	var now []os.FileInfo
	for _, path := range []string{f.cfg.TLSCert, f.cfg.TLSKey, f.cfg.TLSClientCA} {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		}
		now = append(now, info)
	}
	return now
}

func same(before, now []os.FileInfo) bool {
	for i, was := range before {
		is := now[i]
		switch {
		case was == nil && is == nil:
		case was == nil, is == nil:
			return false
		case !os.SameFile(was, is), !was.ModTime().Equal(is.ModTime()), was.Size() != is.Size():
			return false
		}
	}
	return true
}

// loadTLS reads the files. Sessions are not resumed: connections last, and each one
// is to be held against the authorities of its time.
func loadTLS(cfg config.Config) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load the TLS certificate: %w", err)
	}
	settings := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true}
	if cfg.TLSClientCA == "" {
		return settings, nil
	}
	pem, err := os.ReadFile(cfg.TLSClientCA)
	if err != nil {
		return nil, fmt.Errorf("load the callers' CA: %w", err)
	}
	settings.ClientCAs, settings.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !settings.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("load the callers' CA: " + cfg.TLSClientCA + " has no certificate in PEM form")
	}
	return settings, nil
}
