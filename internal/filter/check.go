package filter

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

// Bounds of a request's filters together, as docs/filters.md tells them: each filter
// and each of its patterns is asked of every event of a stream.
const (
	// maxStars bounds the stars of an event name, where several in a row are one.
	maxStars = 8
	// maxPatterns bounds the event names with stars.
	maxPatterns = 1000
	// maxRequestValues bounds the values of all fields of all filters.
	maxRequestValues = 64_000
)

var (
	sourceIDSyntax  = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	eventNameSyntax = regexp.MustCompile(`^[A-Za-z0-9_.*-]+$`)
)

// checks gathers what is wrong with a request's filters, and counts what is bounded
// over all of them.
type checks struct {
	problems

	values, patterns int
}

// room counts values of a field, and says whether the request still has room for
// them. The first field without is noted.
func (c *checks) room(path string, values int) bool {
	return c.count(&c.values, values, path, maxRequestValues, "values")
}

// roomForPatterns is like room, of names with a star.
func (c *checks) roomForPatterns(path string, names []string) bool {
	patterns := 0
	for _, name := range names {
		if strings.Contains(name, "*") {
			patterns++
		}
	}
	return c.count(&c.patterns, patterns, path, maxPatterns, `patterns (names with "*")`)
}

func (c *checks) count(total *int, more int, path string, most int, what string) bool {
	had := *total
	if *total += more; *total <= most {
		return true
	}
	if had <= most {
		c.malformed(path, fmt.Sprintf("must have fewer %s: the filters of a request, include and exclude, have at most %d together", what, most))
	}
	return false
}

// full says that fields were passed over since there was no room for them.
func (c *checks) full() bool { return c.values > maxRequestValues || c.patterns > maxPatterns }

// checkAll returns a repeated field's values as a set, and notes each that check
// has words against.
func checkAll[T comparable](found *checks, path string, values []T, check func(T) string) set[T] {
	if len(values) > maxValues {
		found.malformed(path, "must have at most 1000 values")
		return nil
	}
	if !found.room(path, len(values)) {
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
	case stars(name) > maxStars:
		return fmt.Sprintf(`must have at most %d "*", where several in a row count as one`, maxStars)
	}
	return ""
}

// stars counts the runs of stars in a name.
func stars(name string) int {
	runs := strings.Count(name, "*")
	for i := range len(name) - 1 {
		if name[i] == '*' && name[i+1] == '*' {
			runs--
		}
	}
	return runs
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

func checkLabels(found *checks, path string, labels map[string]string) {
	if len(labels) > maxLabels {
		found.malformed(path, "must have at most 64 labels")
		return
	}
	if !found.room(path, len(labels)) {
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
