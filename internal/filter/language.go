package filter

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/functions"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Bounds of an expression, as docs/filters.md tells them.
const (
	// maxExpressionBytes bounds its text.
	maxExpressionBytes = 4096
	// maxExpressionsBytes bounds the texts of all expressions of a request: compiling
	// takes some 0.1 ms for a usual one, and up to 40 ms on a loaded machine for the
	// worst that have 4096 bytes.
	maxExpressionsBytes = 4 * maxExpressionBytes
	// maxDepth bounds how deep its parts may lie in each other.
	maxDepth = 50
	// maxLoops bounds how deep loops (all, exists, exists_one, map, filter) may lie in
	// each other.
	maxLoops = 1
	// maxRegexes bounds the programs of its regular expressions together, in
	// instructions.
	maxRegexes = 512
	// maxSyntaxErrors bounds how long the parser goes on after an error.
	maxSyntaxErrors = 8
)

// language is what expressions are compiled with.
type language struct {
	env    *cel.Env
	schema *schema
	// functions are the implementations of CEL's functions and operators, by the name
	// of the function or of one of its overloads.
	functions map[string]*functions.Overload
}

// theLanguage is made once: it takes a millisecond, and never changes.
var theLanguage = sync.OnceValues(newLanguage) //nolint:gochecknoglobals // never changes

// newLanguage is the standard language without what can grow memory or what has no
// use here: no bytes, no types as values, no extensions. What + may not join is
// refused by check.
func newLanguage() (*language, error) {
	schema, err := newSchema()
	if err != nil {
		return nil, err
	}
	made, err := cel.NewCustomEnv(
		cel.CustomTypeAdapter(schema),
		cel.CustomTypeProvider(schema),
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{
			ExcludeFunctions: []*env.Function{env.NewFunction("bytes"), env.NewFunction("type")},
		})),
		cel.Container(string((*snykstreamv1.Event)(nil).ProtoReflect().Descriptor().FullName().Parent())),
		cel.Variable(variableEvent, cel.ObjectType(typeEvent)),
		cel.Variable(variableRecord, cel.ObjectType(typeRecord)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxExpressionBytes),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(maxSyntaxErrors),
		cel.ExpressionNestingDepthLimit(2*maxDepth), // macros nest deeper than what they stand for
		cel.ASTValidators(
			cel.ValidateTimestampLiterals(),
			cel.ValidateDurationLiterals(),
			cel.ValidateComprehensionNestingLimit(maxLoops),
		),
		cel.EnableHiddenAccumulatorName(true),
		cel.EagerlyValidateDeclarations(true),
	)
	if err != nil {
		return nil, fmt.Errorf("making the language of expressions: %w", err)
	}
	lang := &language{env: made, schema: schema, functions: map[string]*functions.Overload{}}
	for _, function := range made.Functions() {
		bindings, err := function.Bindings()
		if err != nil {
			return nil, fmt.Errorf("making the language of expressions: %w", err)
		}
		for _, binding := range bindings {
			lang.functions[binding.Operator] = binding
		}
	}
	return lang, nil
}

// implementation is that of a call, as CEL's own planner finds it.
func (l *language) implementation(overload, function string) *functions.Overload {
	if found := l.functions[overload]; found != nil {
		return found
	}
	return l.functions[function]
}
