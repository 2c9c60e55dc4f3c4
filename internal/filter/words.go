package filter

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
)

const (
	// mostIssues is how many of an expression's issues are told.
	mostIssues = 3
	// maxWords bounds what is said of one issue, in characters.
	maxWords = 160
)

// wordsOf are CEL's words on what is wrong with an expression, the first few, and
// what there is where a name is unknown.
func wordsOf(text string, issues *cel.Issues) string {
	all := issues.Errors()
	var said, hints []string
	unknownName, unknownFunction := false, false
	for _, issue := range all[:min(mostIssues, len(all))] {
		words := withoutNames(issue.Message)
		switch {
		case words == "undeclared reference" && calledAt(text, issue.Location):
			words, unknownFunction = "unknown function", true
		case words == "undeclared reference" || words == "undefined field":
			unknownName = true
		}
		if more := hint(words); more != "" && !slices.Contains(hints, more) {
			hints = append(hints, more)
		}
		if words = placed(issue, words); !slices.Contains(said, words) {
			said = append(said, words)
		}
	}
	if rest := len(all) - mostIssues; rest > 0 {
		said = append(said, fmt.Sprintf("and %d more", rest))
	}
	out := "must be a CEL expression: " + strings.Join(append(said, hints...), "; ")
	if unknownName {
		out += "; " + fieldNames()
	}
	if unknownFunction {
		out += "; functions are " + functionNames
	}
	return out
}

// functionNames are the functions that expressions mostly ask for, as docs/filters.md
// lists them.
const functionNames = "has, size, contains, startsWith, endsWith, matches, all, exists, exists_one, filter, map, int, uint, double, " +
	"string, bool, timestamp, duration, dyn and the parts of times such as getHours"

// calledAt says that an issue is about a function: CEL places it at the call's
// parenthesis.
func calledAt(text string, at common.Location) bool {
	lines := strings.Split(text, "\n")
	if at.Line() < 1 || at.Line() > len(lines) {
		return false
	}
	line := []rune(lines[at.Line()-1])
	return at.Column() >= 0 && at.Column() < len(line) && line[at.Column()] == '('
}

// withoutNames leaves out what CEL quotes of an expression: text of the caller's is
// not repeated, and the place tells which it is. Operators and types stay.
func withoutNames(words string) string {
	if instead := phrase(words); instead != "" {
		return instead
	}
	words = strings.Replace(words, "Syntax error", "syntax error", 1)
	if !strings.HasPrefix(words, "found no matching overload") && !strings.HasPrefix(words, "expected type") {
		words, _, _ = strings.Cut(words, "'")
	}
	if words = strings.TrimSuffix(strings.TrimRight(words, " :"), " to"); words == "" {
		return "this is not what CEL takes here"
	}
	return cut(words, maxWords)
}

func placed(issue *common.Error, words string) string {
	if issue.Location.Line() < 1 {
		return words
	}
	return fmt.Sprintf("%d:%d: %s", issue.Location.Line(), issue.Location.Column()+1, words)
}

// fieldNames says which variables there are, and their fields.
func fieldNames() string {
	of := func(fields []field) string {
		var all []string
		for _, f := range fields {
			all = append(all, f.name)
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	return "event has " + of(eventFields()) + "; record has " + of(recordFields())
}

// cut bounds a text.
func cut(text string, longest int) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
