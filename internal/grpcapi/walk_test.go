package grpcapi

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// onWire is a codec for bytes that are no message.
type bareCodec struct{}

func (bareCodec) Name() string { return "proto" }

func (bareCodec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.([]byte); ok {
		return raw, nil
	}
	return proto.Marshal(v.(proto.Message))
}

func (bareCodec) Unmarshal(data []byte, v any) error { return proto.Unmarshal(data, v.(proto.Message)) }

var _ encoding.Codec = bareCodec{}

// methods are all methods of the contract.
func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var all []protoreflect.MethodDescriptor
	for _, file := range []protoreflect.FileDescriptor{
		snykstreamv1.File_snykstream_v1_source_service_proto, snykstreamv1.File_snykstream_v1_event_service_proto,
		snykstreamv1.File_snykstream_v1_schema_service_proto, snykstreamv1.File_snykstream_v1_lookup_service_proto,
	} {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				all = append(all, service.Methods().Get(j))
			}
		}
	}
	if len(all) < 14 {
		t.Fatalf("found %d methods only", len(all))
	}
	return all
}

func pathOfMethod(method protoreflect.MethodDescriptor) string {
	return "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
}

// call sends one message to any method and returns how the call ended.
func call(ctx context.Context, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, request any) error {
	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := conn.NewStream(ctx, desc, pathOfMethod(method), grpc.ForceCodec(bareCodec{}))
	if err != nil {
		return err
	}
	if err := stream.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		err := stream.RecvMsg(dynamicpb.NewMessage(method.Output()))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Whatever is sent to whichever method, the answer is an answer, or an error as
// every error is.
func TestEveryMethodAnswersAnything(t *testing.T) {
	requests := map[string]any{
		"empty":   []byte{},
		"garbage": []byte("\xff\xff\xff\xff garbage"),
		"cut":     []byte{0x0a, 0x7f, 0x0a},
		"unknown": []byte{0xf8, 0x3f, 0x01}, // field 1023
	}
	for _, method := range methods(t) {
		for name, request := range requests {
			t.Run(string(method.Name())+"/"+name, func(t *testing.T) {
				w := newWorld(t)
				err := call(t.Context(), w.conn, method, request)
				if strings.Contains(w.log.String(), "panic") {
					t.Errorf("a handler panicked: %s", w.log)
				}
				if err != nil {
					f := failureOf(t, err)
					if f.code == codes.Internal {
						t.Errorf("INTERNAL: %s", w.log)
					}
					if built := !notBuilt[pathOfMethod(method)]; built == (f.code == codes.Unimplemented) {
						t.Errorf("built: %t, code %s", built, f.code)
					}
				} else if name != "empty" {
					t.Error("want an error")
				}
			})
		}
	}
}

func TestMethodsNotBuilt(t *testing.T) {
	w := newWorld(t)
	for _, method := range methods(t) {
		if !notBuilt[pathOfMethod(method)] {
			continue
		}
		t.Run(string(method.Name()), func(t *testing.T) {
			wantFailure(t, call(t.Context(), w.conn, method, []byte{}), codes.Unimplemented, "NOT_YET_SUPPORTED")
		})
	}
}

// What notBuilt names is in the contract, so that a method's new name is not
// forgotten here.
func TestNotBuiltNamesMethods(t *testing.T) {
	there := map[string]bool{}
	for _, method := range methods(t) {
		there[pathOfMethod(method)] = true
	}
	for path := range notBuilt {
		if !there[path] {
			t.Errorf("%s is no method", path)
		}
	}
}

func TestUnknownMethods(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/snykstream.v1.SourceService/NoSuch", "/no.such.Service/Method"} {
		t.Run(path, func(t *testing.T) {
			err := w.conn.Invoke(t.Context(), path, &snykstreamv1.GetSourceRequest{}, &snykstreamv1.GetSourceResponse{})
			wantFailure(t, err, codes.Unimplemented, "UNKNOWN_METHOD")
		})
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.metrics)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if strings.Contains(family.String(), "NoSuch") || strings.Contains(family.String(), "no.such") {
			t.Errorf("anybody can name a metric: %s", family)
		}
	}
}

func TestHealthKeepsItsOwnErrors(t *testing.T) {
	w := newWorld(t)
	_, err := healthpb.NewHealthClient(w.conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: "no such"})
	if st := status.Convert(err); st.Code() != codes.NotFound || len(st.Details()) > 0 {
		t.Errorf("got %v, want health's plain NOT_FOUND", err)
	}
}

func TestCallsAreCounted(t *testing.T) {
	w := newWorld(t)
	_, _ = w.client.GetSource(t.Context(), &snykstreamv1.GetSourceRequest{SourceId: "none"})
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.metrics)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		text.WriteString(family.String())
	}
	// The metric has the status that callers see, so it is outside the mapping.
	for _, want := range []string{"grpc_server_handled_total", "GetSource", "NotFound"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("metrics lack %q:\n%s", want, &text)
		}
	}
}
