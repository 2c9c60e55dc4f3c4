package filter

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// set is a set of values.
type set[T comparable] map[T]struct{}

func setOf[T comparable](values []T) set[T] {
	s := make(set[T], len(values))
	for _, value := range values {
		s[value] = struct{}{}
	}
	return s
}

// texts is a set of texts that is asked with bytes.
type texts struct {
	// few are the texts where comparing with each is quicker than hashing.
	few  []string
	many set[string]
}

func compileTexts(given set[string]) texts {
	const few = 4
	if len(given) > few {
		return texts{many: given}
	}
	var t texts
	for text := range given {
		t.few = append(t.few, text)
	}
	slices.Sort(t.few)
	return t
}

func (t *texts) has(text []byte) bool {
	for _, one := range t.few { //nolint:modernize // no text is to be made of the bytes
		if one == string(text) {
			return true
		}
	}
	if t.many == nil {
		return false
	}
	_, ok := t.many[string(text)]
	return ok
}

// enums is a set of an enum's values, a bit for each.
type enums[E protoreflect.Enum] uint64

func compileEnums[E interface {
	comparable
	protoreflect.Enum
}](given set[E],
) enums[E] {
	var bits enums[E]
	for value := range given {
		bits |= 1 << enums[E](value.Number()) //nolint:gosec // checked to be a value of the enum
	}
	return bits
}

func (s enums[E]) has(value E) bool {
	number := value.Number()
	return 0 <= number && number < 64 && s>>uint(number)&1 != 0
}

// lowerCase are ids as they are compared.
func lowerCase(ids []string) []string {
	lower := make([]string, len(ids))
	for i, id := range ids {
		lower[i] = strings.ToLower(id)
	}
	return lower
}
