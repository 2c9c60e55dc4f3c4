// Command validateproto prints buf/validate/validate.proto from the descriptor
// that is linked into protovalidate's Go code.
//
// The file is published through a schema registry only; printing it keeps the
// build free of one, and keeps the file at the version that the product links.
//
//	go run -C tools/validateproto . ../../third_party/protovalidate
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const header = `// Printed by tools/validateproto from the descriptor linked into
// buf.build/go/protovalidate. Copyright Buf Technologies, Inc.; licensed under
// the Apache License, Version 2.0. Do not edit.

`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "validateproto:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want one argument: the folder that buf/validate/validate.proto is written under")
	}
	file := validate.File_buf_validate_validate_proto
	text, err := render(file)
	if err != nil {
		return err
	}
	path := filepath.Join(args[0], filepath.FromSlash(file.Path()))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// render sorts the elements, so that the text depends on nothing but the descriptor.
func render(file protoreflect.FileDescriptor) (string, error) {
	printer := protoprint.Printer{SortElements: true}
	text, err := printer.PrintProtoToString(file)
	if err != nil {
		return "", fmt.Errorf("printing %s: %w", file.Path(), err)
	}
	return header + text, nil
}
