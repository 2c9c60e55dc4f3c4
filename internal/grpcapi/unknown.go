package grpcapi

import (
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/snykstream/snykstream/internal/audit"
)

// unknownProblems are the fields, by their numbers, that this release does not
// know. A newer client that sets one means something by it: passing it over would
// answer another question than the one asked.
func unknownProblems(path string, message protoreflect.Message) []audit.FieldProblem {
	var problems []audit.FieldProblem
	for _, number := range unknownNumbers(message.GetUnknown()) {
		problems = append(problems, unsupported(join(path, strconv.Itoa(int(number))), "is a field that this release does not know"))
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := join(path, string(field.Name()))
		switch {
		case field.Message() == nil || field.IsMap(): // no map of a request holds messages
		case field.IsList():
			for i := range value.List().Len() {
				problems = append(problems, unknownProblems(fmt.Sprintf("%s[%d]", at, i), value.List().Get(i).Message())...)
			}
		default:
			problems = append(problems, unknownProblems(at, value.Message())...)
		}
		return true
	})
	return problems
}

// unknownNumbers are the numbers of the fields in what the decoder left over.
func unknownNumbers(left protoreflect.RawFields) []protowire.Number {
	var numbers []protowire.Number
	for len(left) > 0 {
		number, _, size := protowire.ConsumeField(left)
		if size < 0 { // the decoder has read it before
			break
		}
		numbers = append(numbers, number)
		left = left[size:]
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
