// Package grpcapi holds the services that callers see. Handlers are short: parse,
// call one method, convert, return. They return errors of the domain
// (*audit.Error); errors.go is the only place that knows of status codes.
//
// Every request passes the interceptors of ServerOptions before its handler, and
// is valid by then: see Validator.
package grpcapi
