package filter

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Bounds of a request's filters, as the proto states them.
const (
	maxFilters = 64
	maxValues  = 1000
	maxLabels  = 64
	maxText    = 256
)

var (
	sourceIDSyntax  = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	eventNameSyntax = regexp.MustCompile(`^[A-Za-z0-9_.*-]+$`)
)

// checkAll returns a repeated field's values as a set, and notes each that check
// has words against.
func checkAll[T comparable](found *problems, path string, values []T, check func(T) string) set[T] {
	if len(values) > maxValues {
		found.malformed(path, "must have at most 1000 values")
		return nil
	}
	out := make(set[T], len(values))
	for i, value := range values {
		if words := check(value); words != "" {
			found.malformed(index(path, i), words)
		}
		out[value] = struct{}{}
	}
	return out
}

// The checks say what a value should be, or nothing where it is right.

func sourceID(id string) string {
	if !sourceIDSyntax.MatchString(id) {
		return "must be a source id: " + sourceIDSyntax.String()
	}
	return ""
}

func eventName(name string) string {
	switch {
	case name == "":
		return "must not be empty"
	case utf8.RuneCountInString(name) > maxText:
		return "must be at most 256 characters long"
	case !eventNameSyntax.MatchString(name):
		return `must be an event name, where "*" stands for any run of characters: only letters, digits and "_.*-"`
	}
	return ""
}

func anyID(id string) string {
	switch {
	case id == "":
		return "must not be empty"
	case utf8.RuneCountInString(id) > maxText:
		return "must be at most 256 characters long"
	}
	return ""
}

func enumValue[E protoreflect.Enum](value E) string {
	kind := value.Descriptor()
	if value.Number() == 0 || kind.Values().ByNumber(value.Number()) == nil {
		return fmt.Sprintf("must be a value of %s other than %s", kind.Name(), kind.Values().ByNumber(0).Name())
	}
	return ""
}

func checkLabels(found *problems, path string, labels map[string]string) {
	if len(labels) > maxLabels {
		found.malformed(path, "must have at most 64 labels")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		at := path + "[" + strconv.Quote(cut(key, 64)) + "]"
		if key == "" {
			found.malformed(at, "must not have an empty key")
		}
		if labels[key] == "" {
			found.malformed(at, "must not be empty")
		}
	}
}
