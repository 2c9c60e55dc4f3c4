package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/snykstream/snykstream/internal/config"
)

// transport is how callers connect: TLS where there is a certificate. The files
// are read when the server starts.
func transport(cfg config.Config) (credentials.TransportCredentials, error) {
	if cfg.TLSCert == "" {
		return insecure.NewCredentials(), nil
	}
	cert, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load the TLS certificate: %w", err)
	}
	settings := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if cfg.TLSClientCA != "" {
		pem, err := os.ReadFile(cfg.TLSClientCA)
		if err != nil {
			return nil, fmt.Errorf("load the callers' CA: %w", err)
		}
		settings.ClientCAs, settings.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !settings.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("load the callers' CA: " + cfg.TLSClientCA + " has no certificate in PEM form")
		}
	}
	return credentials.NewTLS(settings), nil
}
