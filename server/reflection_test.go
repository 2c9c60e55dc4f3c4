package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/snykstream/snykstream/internal/servertest"
)

// reflection asks the server for its proto files, as grpcurl does.
type reflection struct {
	t      *testing.T
	stream reflectionpb.ServerReflection_ServerReflectionInfoClient
	files  map[string]*descriptorpb.FileDescriptorProto
}

func (r *reflection) ask(req *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
	r.t.Helper()
	if err := r.stream.Send(req); err != nil {
		r.t.Fatal(err)
	}
	answer, err := r.stream.Recv()
	if err != nil || answer.GetErrorResponse() != nil {
		r.t.Fatal(answer, err)
	}
	return answer
}

// add takes a file and everything it imports.
func (r *reflection) add(answer *reflectionpb.ServerReflectionResponse) {
	r.t.Helper()
	for _, raw := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(raw, file); err != nil {
			r.t.Fatal(err)
		}
		r.files[file.GetName()] = file
		for _, name := range file.GetDependency() {
			if r.files[name] == nil {
				r.add(r.ask(&reflectionpb.ServerReflectionRequest{
					MessageRequest: &reflectionpb.ServerReflectionRequest_FileByFilename{FileByFilename: name},
				}))
			}
		}
	}
}

// TestNoProtoFilesNeeded: with reflection alone a source is created and read, in
// JSON, and the health of every service is told.
func TestNoProtoFilesNeeded(t *testing.T) {
	h := servertest.New(t)
	ctx := t.Context()
	stream, err := reflectionpb.NewServerReflectionClient(h.Conn()).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r := &reflection{t: t, stream: stream, files: map[string]*descriptorpb.FileDescriptorProto{}}
	listed := r.ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
	for _, service := range listed.GetListServicesResponse().GetService() {
		r.add(r.ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service.GetName()},
		}))
		answer, err := healthpb.NewHealthClient(h.Conn()).Check(ctx, &healthpb.HealthCheckRequest{Service: service.GetName()})
		if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("health of %s: %v, %v", service.GetName(), answer, err)
		}
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, file := range r.files {
		set.File = append(set.File, file)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatal(err)
	}
	found, err := files.FindDescriptorByName("snykstream.v1.SourceService")
	if err != nil {
		t.Fatal(err)
	}
	service, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		t.Fatal(found)
	}
	created := call(ctx, t, h.Conn(), service.Methods().ByName("CreateSource"), `{
		"source_id": "by-reflection",
		"source": {"display_name": "By reflection", "snyk": {"organization_id": "`+h.Org.ID+`", "poll_interval": "5s"}},
		"credentials": {"api_token": "`+h.Token.Value+`"}}`)
	read := call(ctx, t, h.Conn(), service.Methods().ByName("GetSource"), `{"source_id": "by-reflection"}`)
	for _, answer := range []*dynamicpb.Message{created, read} {
		source := answer.Get(answer.Descriptor().Fields().ByName("source")).Message()
		if id := source.Get(source.Descriptor().Fields().ByName("id")).String(); id != "by-reflection" {
			t.Errorf("source %q in %v", id, answer)
		}
	}
}

func call(ctx context.Context, t *testing.T, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, request string) *dynamicpb.Message {
	t.Helper()
	in, out := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := protojson.Unmarshal([]byte(request), in); err != nil {
		t.Fatal(err)
	}
	if err := conn.Invoke(ctx, "/"+string(method.Parent().FullName())+"/"+string(method.Name()), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}
