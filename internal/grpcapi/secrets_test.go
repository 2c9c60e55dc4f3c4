package grpcapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// marked is a secret that a search finds.
const marked = "snyk_uat.deadbeef.MARKEDSECRETMARKED.sign"

// wantNoSecret searches what callers and operators see of a call.
func wantNoSecret(t *testing.T, w *world, answer proto.Message, err error) {
	t.Helper()
	seen := w.log.String() + prototext.Format(answer) + fmt.Sprint(err) + prototext.Format(status.Convert(err).Proto())
	for _, detail := range status.Convert(err).Details() {
		seen += fmt.Sprint(detail)
	}
	if strings.Contains(seen, "MARKED") {
		t.Errorf("the secret is seen:\n%s", seen)
	}
}

// However a call with credentials ends, nobody sees them.
func TestCredentialsAreNeverSeen(t *testing.T) {
	stored := map[string]error{
		"stored":        nil,
		"store away":    &audit.Error{Kind: audit.KindUnavailable, Message: "away", Cause: errors.New("no leader")},
		"store corrupt": errors.New("corrupt"),
	}
	checks := map[string]checking{
		"accepted": nil, "rejected": failing(nil, rejected()), "silent": failing(&audit.SnykError{Detail: "away"}),
		"fault": failing(errors.New("a fault of ours")),
	}
	for _, credentials := range []*snykstreamv1.Credentials{apiToken(marked), apiToken(marked + " torn"), oauth("the client", marked)} {
		for storeName, storeErr := range stored {
			for checkName, answer := range checks {
				t.Run(storeName+"/"+checkName, func(t *testing.T) {
					w := newWorld(t)
					w.create(t, "mine")
					w.sources.fail, w.checker.answer = storeErr, answer
					for _, unverified := range []bool{false, true} {
						created, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
							Source: aSource(), SourceId: "new", Credentials: credentials, AllowUnverified: unverified,
						})
						wantNoSecret(t, w, created, err)
					}
					updated, err := w.client.UpdateSource(t.Context(), &snykstreamv1.UpdateSourceRequest{
						Source: &snykstreamv1.Source{Id: "mine"}, Credentials: credentials,
					})
					wantNoSecret(t, w, updated, err)
					for _, request := range []*snykstreamv1.ValidateCredentialsRequest{
						{SourceId: "mine", Credentials: credentials}, {Snyk: aSource().GetSnyk(), Credentials: credentials}, {SourceId: "mine"},
					} {
						report, err := w.client.ValidateCredentials(t.Context(), request)
						wantNoSecret(t, w, report, err)
					}
					shown, err := w.client.GetSource(t.Context(), &snykstreamv1.GetSourceRequest{SourceId: "mine"})
					wantNoSecret(t, w, shown, err)
					list, err := w.client.ListSources(t.Context(), &snykstreamv1.ListSourcesRequest{})
					wantNoSecret(t, w, list, err)
					deleted, err := w.client.DeleteSource(t.Context(), &snykstreamv1.DeleteSourceRequest{SourceId: "mine"})
					wantNoSecret(t, w, deleted, err)
				})
			}
		}
	}
}

// A panic's value may hold the credential: the type hides it in the log too.
func TestPanicsDoNotShowCredentials(t *testing.T) {
	w := newWorld(t)
	w.checker.answer = func(context.Context, *snykstreamv1.SnykConfig) (*snykstreamv1.ValidateCredentialsResponse, error) {
		panic(credentialOf(apiToken(marked)))
	}
	_, err := w.client.CreateSource(t.Context(), &snykstreamv1.CreateSourceRequest{
		Source: aSource(), SourceId: "new", Credentials: apiToken(marked),
	})
	if !strings.Contains(w.log.String(), "panicked") {
		t.Fatal("nothing panicked")
	}
	wantNoSecret(t, w, nil, err)
}

// A secret in the wrong field is not repeated either, by any method.
func TestMisplacedSecretsAreNotRepeated(t *testing.T) {
	for _, method := range methods(t) {
		t.Run(string(method.Name()), func(t *testing.T) {
			w := newWorld(t)
			request := dynamicpb.NewMessage(method.Input())
			fill(request, marked)
			err := call(t.Context(), w.conn, method, request)
			if err != nil {
				failureOf(t, err)
			}
			wantNoSecret(t, w, nil, err)
		})
	}
}

// fill sets every string of a message, but the keys of maps: those are part of a
// field's path.
func fill(message protoreflect.Message, text string) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		switch field := fields.Get(i); {
		case field.IsMap():
			if field.MapValue().Kind() == protoreflect.StringKind {
				message.Mutable(field).Map().Set(protoreflect.ValueOfString("key").MapKey(), protoreflect.ValueOfString(text))
			}
		case field.IsList() && field.Kind() == protoreflect.StringKind:
			message.Mutable(field).List().Append(protoreflect.ValueOfString(text))
		case field.IsList() && field.Kind() == protoreflect.MessageKind:
			fill(message.Mutable(field).List().AppendMutable().Message(), text)
		case field.Kind() == protoreflect.StringKind:
			message.Set(field, protoreflect.ValueOfString(text))
		case field.Kind() == protoreflect.MessageKind:
			fill(message.Mutable(field).Message(), text)
		}
	}
}
