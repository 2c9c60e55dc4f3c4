package filter

import (
	"fmt"
	"slices"
	"strings"
)

// What is said beside CEL's words, each once for an expression.
const (
	hintSyntax = "compare with ==, join with && and ||, negate with !, and put texts in quotes"
	hintName   = "texts stand in quotes, and enums are written EventCategory.EVENT_CATEGORY_ROLE"
	hintEnum   = "texts stand in quotes, numbers do not, and enums are written EventCategory.EVENT_CATEGORY_ROLE"
	hintTime   = `times are written timestamp("2026-03-01T00:00:00Z")`
	hintSpan   = `durations are written duration("1h")`
)

// phrases are what CEL's words begin with, and what is said instead: they quote the
// expression, or do not say what is allowed.
var phrases = []struct{ begin, words string }{ //nolint:gochecknoglobals // never changes
	{"Syntax error: token recognition error at", "syntax error: this is no sign of CEL, or a text whose quote is not closed"},
	{"Syntax error: mismatched input '<EOF>'", "syntax error: the expression ends too early"},
	{"Syntax error: mismatched input", "syntax error: this does not fit here"},
	{"Syntax error: extraneous input", "syntax error: this does not fit here"},
	{"Syntax error: no viable alternative at input", "syntax error: this does not fit here"},
	{"Syntax error: missing ", "syntax error: something such as a bracket is missing here"},
	{"expression of type ", "a loop goes over a list or a map alone"},
	{"type ", "a value of this type has no fields"},
	{"reserved identifier", "a word that CEL reserves is no name"},
	{"max recursion depth exceeded", tooDeep()},
	{"expression recursion limit exceeded", tooDeep()},
}

func tooDeep() string {
	return fmt.Sprintf("this is too deep: the parts of an expression lie at most %d deep in each other", maxDepth)
}

// phrase is what is said instead of CEL's words, if anything.
func phrase(words string) string {
	for _, p := range phrases {
		if strings.HasPrefix(words, p.begin) {
			return p.words
		}
	}
	return ""
}

// hint is what else helps with what is said of an issue, if anything.
func hint(words string) string {
	if strings.HasPrefix(words, "syntax error") {
		return hintSyntax
	}
	if words == "undeclared reference" {
		return hintName
	}
	operator, operands, ok := strings.Cut(words, "' applied to '(")
	if !ok || !slices.Contains(comparing, strings.TrimPrefix(operator, "found no matching overload for '")) {
		return ""
	}
	first, second, _ := strings.Cut(strings.TrimSuffix(operands, ")'"), ", ")
	types := []string{first, strings.TrimSuffix(strings.TrimPrefix(second, "list("), ")")}
	if !slices.Contains(types, "string") {
		return ""
	}
	switch {
	case slices.Contains(types, "int"):
		return hintEnum
	case slices.Contains(types, "timestamp"):
		return hintTime
	case slices.Contains(types, "duration"):
		return hintSpan
	}
	return ""
}

// comparing are the operators that compare, as CEL names them.
var comparing = []string{"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"} //nolint:gochecknoglobals // never changes
