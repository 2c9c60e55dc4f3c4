package client_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/snykstream/snykstream/client"
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/servertest"
)

func TestPlaintextStaysAtHome(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  client.Config
		want string
	}{
		"loopback":         {client.Config{Address: "127.0.0.1:7443"}, ""},
		"loopback by name": {client.Config{Address: "localhost:7443"}, ""},
		"IPv6 loopback":    {client.Config{Address: "[::1]:7443"}, ""},
		"another host":     {client.Config{Address: "10.0.0.1:7443"}, "not loopback"},
		"another name":     {client.Config{Address: "snykstream.internal:7443"}, "not loopback"},
		"on demand":        {client.Config{Address: "10.0.0.1:7443", Insecure: true}, ""},
		"with TLS":         {client.Config{Address: "10.0.0.1:7443", TLS: &tls.Config{MinVersion: tls.VersionTLS12}}, ""},
		"no port":          {client.Config{Address: "127.0.0.1"}, "host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := client.New(c.cfg)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if err == nil {
				if err := made.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestCalls(t *testing.T) {
	h := servertest.New(t)
	h.Create("my-snyk")
	c, err := client.New(client.Config{Address: h.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	listed, err := c.Sources().ListSources(t.Context(), &snykstreamv1.ListSourcesRequest{})
	if err != nil || len(listed.GetSources()) != 1 {
		t.Errorf("sources %v, %v", listed, err)
	}
	schemas, err := c.Schemas().ListSchemas(t.Context(), &snykstreamv1.ListSchemasRequest{})
	if err != nil || len(schemas.GetSchemas()) != 2 {
		t.Errorf("schemas %v, %v", schemas, err)
	}
	stream, err := c.Events().StreamEvents(t.Context(), &snykstreamv1.StreamEventsRequest{StopWhenCaughtUp: true})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := stream.Recv(); err != nil || first.GetResumeToken() == "" {
		t.Errorf("first message %v, %v", first, err)
	}
}
