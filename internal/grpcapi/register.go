package grpcapi

import (
	"google.golang.org/grpc"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Services are the services of the contract that need parts of their own.
type Services struct {
	Source snykstreamv1.SourceServiceServer
	Event  snykstreamv1.EventServiceServer
	Schema snykstreamv1.SchemaServiceServer
}

// Register offers every service of the contract on a server made with
// ServerOptions. LookupService is there for reflection to show, and refuses.
func Register(to grpc.ServiceRegistrar, services Services) {
	snykstreamv1.RegisterSourceServiceServer(to, services.Source)
	snykstreamv1.RegisterEventServiceServer(to, services.Event)
	snykstreamv1.RegisterSchemaServiceServer(to, services.Schema)
	snykstreamv1.RegisterLookupServiceServer(to, snykstreamv1.UnimplementedLookupServiceServer{})
}
