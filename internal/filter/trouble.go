package filter

import (
	"errors"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
)

// missing are how CEL's errors begin that say that an event does not have what an
// expression asks for, or has a value of another type. CEL has no other mark of them;
// a test holds each of them to what CEL does.
var missing = []string{ //nolint:gochecknoglobals // never changes
	"no such key",
	"no such overload",
	"index out of bounds",
	"unsupported index",
	"got '",
}

// isMiss says that an error is about what the event has, not about the expression.
func isMiss(err error) bool {
	failed, ok := errors.AsType[*types.Err](err)
	if !ok {
		return false
	}
	text := failed.String()
	return slices.ContainsFunc(missing, func(begin string) bool { return strings.HasPrefix(text, begin) })
}

// failures are what is said of errors that say what they are about without showing
// the event's values.
var failures = []string{ //nolint:gochecknoglobals // never changes
	"division by zero", "modulus by zero", "integer overflow", "unsigned integer overflow",
	"duration overflow", "timestamp overflow", "NaN values cannot be ordered",
}

// failure says what went wrong. Most texts of CEL's show the event's values, which
// have no place in a log.
func failure(err error) string {
	if failed, ok := errors.AsType[*types.Err](err); ok && slices.Contains(failures, failed.String()) {
		return failed.String()
	}
	return "a value cannot be converted"
}
