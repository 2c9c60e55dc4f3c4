package filter

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	// maxWideClasses bounds how often the regular expressions of an expression may name
	// a class of Unicode or a range that ends beyond ASCII: reading one takes up to 5 ms
	// where case is ignored, however few bytes it has.
	maxWideClasses = 8
	// runesPerInstruction is how many ends of ranges weigh as much as an instruction.
	// The classes of one instruction are as long as Unicode's tables.
	runesPerInstruction = 64
)

// regex is a regular expression, with the size of its program in instructions.
type regex struct {
	*regexp.Regexp

	size int
}

// regexSize is how large the program of a regular expression is, in instructions.
func regexSize(pattern string) (int, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("reading a regular expression: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, fmt.Errorf("compiling a regular expression: %w", err)
	}
	size := len(program.Inst)
	for i := range program.Inst {
		size += len(program.Inst[i].Rune) / runesPerInstruction
	}
	return size, nil
}

// wideClasses counts what is slow to read, without reading the expression: classes of
// Unicode, and ranges whose end is not ASCII.
func wideClasses(pattern string) int {
	found := strings.Count(pattern, `\p`) + strings.Count(pattern, `\P`) + strings.Count(pattern, `-\x{`)
	for i := range len(pattern) - 1 {
		if pattern[i] == '-' && pattern[i+1] >= utf8.RuneSelf {
			found++
		}
	}
	return found
}

// wordsOnRegex says what is wrong with a regular expression, without showing it.
func wordsOnRegex(err error) string {
	failed, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return "must have a regular expression as RE2 knows them in matches"
	}
	switch failed.Code { //nolint:exhaustive // the others say what is wrong
	case syntax.ErrLarge, syntax.ErrNestingDepth:
		return largeRegexes()
	case syntax.ErrInvalidRepeatSize:
		return largeRegexes() + "; repeats such as {2,5} count upwards to at most 1000, those in each other multiplied"
	}
	return fmt.Sprintf("must have a regular expression as RE2 knows them in matches: %s", failed.Code)
}

func largeRegexes() string {
	return fmt.Sprintf("must have smaller regular expressions: their programs are at most %d instructions together", maxRegexes)
}
