package grpcapi

import (
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// longestKey is how much of a map's key a path shows.
const longestKey = 64

// pathOf writes a field's path from the request's root in proto names:
// source.snyk.poll_interval, include[0].event_names[1], labels["x"].
func pathOf(path *validate.FieldPath) string {
	for _, element := range path.GetElements() {
		if element.WhichSubscript() == validate.FieldPathElement_StringKey_case {
			element.SetStringKey(shorten(element.GetStringKey()))
		}
	}
	return protovalidate.FieldPathString(path)
}

// keyPath is the path of a map's entry.
func keyPath(path, key string) string { return fmt.Sprintf("%s[%q]", path, shorten(key)) }

// join adds a field to a path that may be empty.
func join(path, field string) string { return strings.TrimPrefix(path+"."+field, ".") }

func shorten(text string) string {
	if runes := []rune(text); len(runes) > longestKey {
		return string(runes[:longestKey]) + "…"
	}
	return text
}

// fieldAt is the field that a path from a message leads to, nil where it leads to
// none: a oneof, the message itself.
func fieldAt(message protoreflect.MessageDescriptor, path *validate.FieldPath) protoreflect.FieldDescriptor {
	var field protoreflect.FieldDescriptor
	for _, element := range path.GetElements() {
		if message == nil {
			return nil
		}
		if field = message.Fields().ByName(protoreflect.Name(element.GetFieldName())); field == nil {
			return nil
		}
		message = field.Message()
	}
	return field
}
