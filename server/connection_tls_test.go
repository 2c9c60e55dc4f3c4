package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/snykstream/snykstream/client"
	"github.com/snykstream/snykstream/internal/servertest"
)

// identity is a certificate that signed itself, its own authority and its key.
type identity struct {
	cert tls.Certificate
	pool *x509.CertPool
}

func newIdentity(t *testing.T) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	id := identity{cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool: x509.NewCertPool()}
	if id.cert.Leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	id.pool.AddCert(id.cert.Leaf)
	return id
}

// put writes PEM to a file at once, as a renewal does that does it well.
func put(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	fresh := path + ".new"
	if err := os.WriteFile(fresh, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, path); err != nil {
		t.Fatal(err)
	}
}

func (id identity) putKey(t *testing.T, path string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(id.cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, "PRIVATE KEY", der)
}

func (id identity) putCert(t *testing.T, path string) {
	t.Helper()
	put(t, path, "CERTIFICATE", id.cert.Certificate[0])
}

// connects says whether a caller gets an answer over a new connection.
func connects(t *testing.T, h *servertest.House, caller, server identity) bool {
	t.Helper()
	made, err := client.New(client.Config{Address: h.Addr(), TLS: &tls.Config{
		Certificates: []tls.Certificate{caller.cert}, RootCAs: server.pool, MinVersion: tls.VersionTLS13,
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = made.Close() }()
	_, err = healthpb.NewHealthClient(made.Conn()).Check(t.Context(), &healthpb.HealthCheckRequest{})
	return err == nil
}

// TestTLSFilesRotate: new connections use what the files hold by then, and files
// that do not fit together change nothing.
func TestTLSFilesRotate(t *testing.T) {
	t.Parallel()
	h := servertest.Unstarted(t)
	dir := t.TempDir()
	h.Config.TLSCert, h.Config.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	h.Config.TLSClientCA = filepath.Join(dir, "callers.pem")
	oldServer, newServer, oldCaller, newCaller := newIdentity(t), newIdentity(t), newIdentity(t), newIdentity(t)
	oldServer.putCert(t, h.Config.TLSCert)
	oldServer.putKey(t, h.Config.TLSKey)
	oldCaller.putCert(t, h.Config.TLSClientCA)
	h.Start()
	check := func(when string, server, caller, wrong identity) {
		t.Helper()
		if !connects(t, h, caller, server) {
			t.Error(when + ": the right caller cannot connect")
		}
		if connects(t, h, wrong, server) {
			t.Error(when + ": the wrong caller can connect")
		}
	}
	check("at first", oldServer, oldCaller, newCaller)
	newServer.putCert(t, h.Config.TLSCert)
	check("with a certificate whose key is not there", oldServer, oldCaller, newCaller)
	newServer.putKey(t, h.Config.TLSKey)
	check("with a new certificate", newServer, oldCaller, newCaller)
	newCaller.putCert(t, h.Config.TLSClientCA)
	check("with another authority", newServer, newCaller, oldCaller)
	put(t, h.Config.TLSClientCA, "NONSENSE", nil)
	check("with an authority that is none", newServer, newCaller, oldCaller)
	if err := os.Remove(h.Config.TLSClientCA); err != nil {
		t.Fatal(err)
	}
	check("without the authority's file", newServer, newCaller, oldCaller)
}
