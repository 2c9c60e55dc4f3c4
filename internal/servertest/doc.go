// Package servertest runs whole servers for black-box tests: the wiring of
// production, a simulated Snyk, real listeners on loopback and a real journal in
// the test's folder. Tests speak to it as callers do, over gRPC.
package servertest
