// Package client connects to a snykstream server from Go.
//
// It imports nothing but the generated contract and gRPC, so that a program which
// subscribes does not take on what the server is built from.
package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// keepaliveTime is how long a connection may be silent before it is looked after. A
// subscriber only listens, so nothing else would tell it that the other side, or the
// way there, is gone.
const keepaliveTime = 30 * time.Second

// Config says where the server is and how it is reached.
type Config struct {
	// Address is host:port. Required.
	Address string
	// TLS is how the server is known, and with a certificate in it how we are known
	// to the server. Nil means plaintext, which is refused for an address that is
	// not loopback.
	TLS *tls.Config
	// Insecure allows plaintext to any address.
	Insecure bool
}

// Client is a connection to a server, made when the first call needs it and again
// whenever it breaks. It is safe for concurrent use.
type Client struct {
	conn *grpc.ClientConn
}

// New makes a client; it does not connect yet.
func New(cfg Config) (*Client, error) {
	creds, err := cfg.credentials()
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(cfg.Address, grpc.WithTransportCredentials(creds),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime}))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &Client{conn: conn}, nil
}

func (cfg Config) credentials() (credentials.TransportCredentials, error) {
	host, _, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("client: the address is host:port: %w", err)
	}
	ip := net.ParseIP(host)
	switch {
	case cfg.TLS != nil:
		return credentials.NewTLS(cfg.TLS), nil
	case cfg.Insecure, host == "localhost", ip != nil && ip.IsLoopback():
		return insecure.NewCredentials(), nil
	}
	return nil, errors.New("client: plaintext to " + cfg.Address + ", which is not loopback, needs Insecure; or set TLS")
}

// Conn is the connection, for services that are not the contract's, such as
// health.
func (c *Client) Conn() *grpc.ClientConn { return c.conn }

// Sources calls SourceService.
func (c *Client) Sources() snykstreamv1.SourceServiceClient {
	return snykstreamv1.NewSourceServiceClient(c.conn)
}

// Events calls EventService.
func (c *Client) Events() snykstreamv1.EventServiceClient {
	return snykstreamv1.NewEventServiceClient(c.conn)
}

// Schemas calls SchemaService.
func (c *Client) Schemas() snykstreamv1.SchemaServiceClient {
	return snykstreamv1.NewSchemaServiceClient(c.conn)
}

// Close ends the connection and the calls on it.
func (c *Client) Close() error {
	if err := c.conn.Close(); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	return nil
}
