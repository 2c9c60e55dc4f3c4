package grpcapi

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// How callers are told apart.
const (
	byCertificate = "certificate"
	byHost        = "host"
)

// caller is who opens streams, as far as that cannot be made up.
type caller struct {
	// by is byCertificate or byHost.
	by string
	// name is a certificate's name with its kind, or a host.
	name string
}

// callerOf tells who calls: by the certificate, where the server has verified one,
// whatever host it comes from; else by the host. All callers on sockets of this
// machine that have no host are one.
func callerOf(ctx context.Context) caller {
	from, ok := peer.FromContext(ctx)
	if !ok {
		return caller{by: byHost}
	}
	if shown, ok := from.AuthInfo.(credentials.TLSInfo); ok && len(shown.State.VerifiedChains) > 0 {
		return caller{byCertificate, certificateName(shown)}
	}
	return caller{byHost, hostOf(from.Addr)}
}

// certificateName is what the authority certifies of the caller first. Kinds of
// names are kept apart: who may choose a common name must not pass for a host.
func certificateName(shown credentials.TLSInfo) string {
	leaf := shown.State.VerifiedChains[0][0]
	switch {
	case shown.SPIFFEID != nil:
		return "uri " + shown.SPIFFEID.String()
	case len(leaf.DNSNames) > 0:
		return "dns " + leaf.DNSNames[0]
	case leaf.Subject.CommonName != "":
		return "cn " + leaf.Subject.CommonName
	}
	return "key " + keyOf(leaf)
}

// keyOf stands for a certificate without a name, renewals with the same key
// included.
func keyOf(leaf *x509.Certificate) string {
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

func hostOf(addr net.Addr) string {
	switch at := addr.(type) {
	case nil:
		return ""
	case *net.TCPAddr:
		if at.IP.To4() == nil {
			// Who has one address of a /64 has them all.
			return at.IP.Mask(net.CIDRMask(64, 128)).String() + "/64"
		}
		return at.IP.String()
	}
	return addr.Network()
}
