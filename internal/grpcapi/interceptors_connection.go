package grpcapi

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// How connections are looked after. Requests may have gRPC's own 4 MiB, which leaves
// room for filters with thousands of ids.
const (
	// minKeepalive is how often callers may look after their connections: as often
	// as grpc-go lets them, with room for a late timer. By gRPC's own rule, once in
	// five minutes, a subscriber with rare heartbeats would be cut off for its care.
	minKeepalive = 5 * time.Second
	// keepaliveTime is after how much silence a caller is pinged. Boxes on the way
	// forget connections after a minute of silence at the earliest.
	keepaliveTime = 30 * time.Second
	// keepaliveTimeout is how long a caller may take to answer, and so how long its
	// kernel may leave what it was sent unacknowledged.
	keepaliveTimeout = 20 * time.Second
	// maxIdle is how long a connection without a call is kept.
	maxIdle = 15 * time.Minute
	// handshakeTime bounds the beginning of a connection, TLS included.
	handshakeTime = 10 * time.Second
	// maxHeaderBytes bounds a call's metadata: bearer tokens and traces are small.
	maxHeaderBytes = 16 << 10
	// roomForCalls is how many calls a connection may have under way beside the
	// streams of the quota.
	roomForCalls = 128
)

// connectionOptions are the rules for connections, with an age of no end where it
// is zero, and streams without a quota where that is zero.
func connectionOptions(age time.Duration, streams int) []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minKeepalive, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.MaxHeaderListSize(maxHeaderBytes),
	}
	if streams > 0 {
		// More than the quotas let through, for ours and for gRPC's services: beyond
		// what a connection may have, clients wait in silence, and the quota could
		// not tell them why.
		options = append(options, grpc.MaxConcurrentStreams(uint32(2*streams+roomForCalls))) //nolint:gosec // config bounds it
	}
	return append(options, agingOptions(age, keepalive.ServerParameters{
		MaxConnectionIdle: maxIdle, Time: keepaliveTime, Timeout: keepaliveTimeout,
	})...)
}
