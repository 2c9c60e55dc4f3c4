package main

import (
	"context"
	"fmt"
	"io"
)

// childRole names the part that a process of its own plays. It is a variable and no
// flag, so that a test's binary can play it too.
const childRole = "SNYKSTREAM_BENCH_ROLE"

// runChild plays a part.
func runChild(_ context.Context, role string, _ io.Reader, _ io.Writer) error {
	return fmt.Errorf("unknown role %q", role)
}
