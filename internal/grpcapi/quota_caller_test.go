package grpcapi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert, a.key = a.sign(template, template, nil)
	return a
}

// sign signs a certificate with a new key, by itself where there is no parent key.
func (a *authority) sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// issue makes a certificate for a server or a caller.
func (a *authority) issue(template x509.Certificate) tls.Certificate {
	a.t.Helper()
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	cert, key := a.sign(&template, a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func uri(t *testing.T, text string) []*url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return []*url.URL{u}
}

func TestCallers(t *testing.T) {
	a := newAuthority(t)
	shown := func(template x509.Certificate, verified bool) credentials.AuthInfo {
		leaf := a.issue(template).Leaf
		info := credentials.TLSInfo{State: tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}}
		if verified {
			info.State.VerifiedChains = [][]*x509.Certificate{{leaf, a.cert}}
		}
		if len(template.URIs) == 1 && template.URIs[0].Scheme == "spiffe" {
			info.SPIFFEID = template.URIs[0]
		}
		return info
	}
	at := &net.TCPAddr{IP: net.ParseIP("10.1.2.3"), Port: 4711}
	named := x509.Certificate{DNSNames: []string{"first.example", "second.example"}, Subject: pkix.Name{CommonName: "common"}}
	workload := named
	workload.URIs = uri(t, "spiffe://example.org/detector")
	tests := map[string]struct {
		from *peer.Peer
		want caller
	}{
		"a host, whatever its port":  {&peer.Peer{Addr: at}, caller{byHost, "10.1.2.3"}},
		"a host, IPv4 as IPv6":       {&peer.Peer{Addr: &net.TCPAddr{IP: net.ParseIP("::ffff:10.1.2.3"), Port: 1}}, caller{byHost, "10.1.2.3"}},
		"a host, IPv6":               {&peer.Peer{Addr: &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}}, caller{byHost, "2001:db8::/64"}},
		"a socket of this machine":   {&peer.Peer{Addr: &net.UnixAddr{Name: "@7", Net: "unix"}}, caller{byHost, "unix"}},
		"no address":                 {&peer.Peer{}, caller{byHost, ""}},
		"a workload's identity":      {&peer.Peer{Addr: at, AuthInfo: shown(workload, true)}, caller{byCertificate, "uri spiffe://example.org/detector"}},
		"a name of the DNS":          {&peer.Peer{Addr: at, AuthInfo: shown(named, true)}, caller{byCertificate, "dns first.example"}},
		"a common name":              {&peer.Peer{Addr: at, AuthInfo: shown(x509.Certificate{Subject: pkix.Name{CommonName: "common"}}, true)}, caller{byCertificate, "cn common"}},
		"a certificate not verified": {&peer.Peer{Addr: at, AuthInfo: shown(named, false)}, caller{byHost, "10.1.2.3"}},
		"TLS without a certificate":  {&peer.Peer{Addr: at, AuthInfo: credentials.TLSInfo{}}, caller{byHost, "10.1.2.3"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := callerOf(peer.NewContext(t.Context(), test.from)); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	if got := callerOf(context.Background()); got != (caller{by: byHost}) {
		t.Errorf("of no call: %v", got)
	}
	nameless, other := shown(x509.Certificate{}, true), shown(x509.Certificate{}, true)
	one, two := callerOf(peer.NewContext(t.Context(), &peer.Peer{AuthInfo: nameless})), callerOf(peer.NewContext(t.Context(), &peer.Peer{AuthInfo: other}))
	if one == two || one.by != byCertificate {
		t.Errorf("two keys without a name are %v and %v", one, two)
	}
}

// TestQuotaOfCertificates: callers on one host who show different certificates have
// a quota each, and one caller has one over all its connections.
func TestQuotaOfCertificates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		g := newGate(t, ServerConfig{MaxStreamsPerCaller: 1}, grpc.Creds(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{a.issue(x509.Certificate{DNSNames: []string{"gate"}})},
			ClientCAs:    a.pool(), ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
		})))
		connect := func(name string) *guest {
			return g.connect(t, credentials.NewTLS(&tls.Config{
				Certificates: []tls.Certificate{a.issue(x509.Certificate{DNSNames: []string{name}})},
				RootCAs:      a.pool(), ServerName: "gate", MinVersion: tls.VersionTLS13,
			}), nil)
		}
		connect("one").stream(t.Context(), t)
		connect("two").stream(t.Context(), t)
		if opened := g.opened.Load(); opened != 2 {
			t.Errorf("%d streams opened by two callers, want 2", opened)
		}
		_, err := connect("one").stream(t.Context(), t).Recv()
		f := wantFailure(t, err, codes.ResourceExhausted, "QUOTA_EXCEEDED")
		if f.metadata["counted_by"] != "certificate" {
			t.Errorf("metadata %v", f.metadata)
		}
	})
}
