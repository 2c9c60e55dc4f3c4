package server

import (
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// probes answer health checks. A watch ends once it has told that a service serves
// no more, which is said only when the server stops: the library's own watches go
// on until their callers leave, and a graceful stop would wait for them in vain.
type probes struct{ *health.Server }

var errToldTheEnd = errors.New("the watcher knows that the server is stopping")

// Watch implements healthpb.HealthServer.
func (p probes) Watch(req *healthpb.HealthCheckRequest, out grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	last := &lastWord{ServerStreamingServer: out}
	err := p.Server.Watch(req, last)
	if last.told {
		return status.Error(codes.Unavailable, "the server is stopping")
	}
	return err
}

// lastWord is a watch's stream that takes nothing after the end was told.
type lastWord struct {
	grpc.ServerStreamingServer[healthpb.HealthCheckResponse]

	told bool
}

// Send implements grpc.ServerStreamingServer.
func (w *lastWord) Send(answer *healthpb.HealthCheckResponse) error {
	err := w.ServerStreamingServer.Send(answer)
	if err == nil && answer.GetStatus() == healthpb.HealthCheckResponse_NOT_SERVING {
		w.told = true
		return errToldTheEnd
	}
	return err
}
