package filter

import (
	"fmt"
	"regexp"
	"slices"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/snykstream/snykstream/internal/wire"
)

// usage is what an expression asks of an event.
type usage struct {
	// ofRecord says that it asks for what an event without a record does not have,
	// ofEventTime that it asks for event_time.
	ofRecord, ofEventTime bool
	need                  wire.Need
	// regexes are its regular expressions, compiled, by their texts.
	regexes map[string]regex
}

// check refuses what compiles and is not to be evaluated, with words on what is
// wrong, and tells what the expression asks for.
func (l *language) check(ast *cel.Ast) (usage, string) {
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return usage{}, fmt.Sprintf("must be of type bool, not %s: compare it, such as record.content.x == true", ast.OutputType())
	}
	c := checker{ast: ast.NativeRep(), joins: gathering(ast.NativeRep()), compiled: map[string]regex{}}
	use := usage{regexes: c.compiled}
	words := ""
	celast.PreOrderVisit(celast.NavigateAST(ast.NativeRep()), celast.NewExprVisitor(func(part celast.Expr) {
		node, ok := part.(celast.NavigableExpr)
		if !ok || words != "" {
			return
		}
		if found := c.part(node); found != "" {
			at := ast.NativeRep().SourceInfo().GetStartLocation(node.ID())
			words = fmt.Sprintf("%s (at %d:%d)", found, at.Line(), at.Column()+1)
			return
		}
		use.add(l.schema.asks(node))
	}))
	if words != "" {
		return usage{}, words
	}
	if cost, err := l.env.EstimateCost(ast, nil); err == nil && cost.Min > maxCost {
		return usage{}, fmt.Sprintf("must be cheaper: it costs %d at least, and the limit is %d", cost.Min, maxCost)
	}
	return use, ""
}

// checker looks at the parts of an expression.
type checker struct {
	ast *celast.AST
	// joins are the calls of + with which loops gather their results.
	joins map[int64]bool
	// regexes is the size of the regular expressions so far, in instructions.
	regexes int
	// compiled are the regular expressions so far, by their texts.
	compiled map[string]regex
	// wideClasses is how much in them is slow to read.
	wideClasses int
}

// part says what is wrong with a part, or nothing where it is right.
func (c *checker) part(node celast.NavigableExpr) string {
	switch node.Kind() { //nolint:exhaustive // the others are right
	case celast.StructKind:
		return "must not make messages"
	case celast.LiteralKind:
		if node.AsLiteral().Type() == types.BytesType {
			return "must not use bytes"
		}
	case celast.CallKind:
		return c.call(node)
	}
	if node.Type().Kind() != types.StructKind {
		return ""
	}
	if parent, ok := node.Parent(); ok && parent.Kind() == celast.SelectKind {
		return ""
	}
	return "must not use a message such as event as a value, but one of its fields"
}

func (c *checker) call(node celast.NavigableExpr) string {
	call := node.AsCall()
	switch call.FunctionName() {
	case overloads.Matches:
		args := call.Args()
		return c.regex(args[len(args)-1])
	case operators.Add:
		if !c.joins[node.ID()] && !slices.ContainsFunc(c.ast.GetOverloadIDs(node.ID()), adds) {
			return "must not join texts or lists with +"
		}
	}
	return ""
}

func (c *checker) regex(pattern celast.Expr) string {
	if pattern.Kind() != celast.LiteralKind {
		return "must have a literal as the regular expression of matches"
	}
	text, ok := pattern.AsLiteral().(types.String)
	if !ok {
		return "must have a text as the regular expression of matches"
	}
	if c.wideClasses += wideClasses(string(text)); c.wideClasses > maxWideClasses {
		return fmt.Sprintf("must have smaller regular expressions: they name at most %d classes of Unicode (\\pL) and ranges "+
			"that end beyond ASCII together", maxWideClasses)
	}
	return c.compile(string(text))
}

// compile compiles a regular expression, once its program is seen to be small enough.
func (c *checker) compile(text string) string {
	made, known := c.compiled[text]
	if !known {
		var err error
		if made.size, err = regexSize(text); err != nil {
			return wordsOnRegex(err)
		}
	}
	if c.regexes += made.size; c.regexes > maxRegexes {
		return largeRegexes()
	}
	if !known {
		var err error
		if made.Regexp, err = regexp.Compile(text); err != nil {
			return wordsOnRegex(err)
		}
		c.compiled[text] = made
	}
	return ""
}

// adds says that an overload of + does not join.
func adds(overload string) bool {
	switch overload {
	case overloads.AddString, overloads.AddBytes, overloads.AddList:
		return false
	}
	return true
}

// gathering are the calls of + with which loops gather their results.
func gathering(ast *celast.AST) map[int64]bool {
	joins := map[int64]bool{}
	for _, loop := range celast.MatchDescendants(celast.NavigateAST(ast), celast.KindMatcher(celast.ComprehensionKind)) {
		gathers := loop.AsComprehension().AccuVar()
		for _, call := range celast.MatchDescendants(loop, celast.FunctionMatcher(operators.Add)) {
			if first := call.AsCall().Args()[0]; first.Kind() == celast.IdentKind && first.AsIdent() == gathers {
				joins[call.ID()] = true
			}
		}
	}
	return joins
}

func (u *usage) add(asks field) {
	u.ofRecord = u.ofRecord || asks.ofRecord
	u.ofEventTime = u.ofEventTime || asks.need&wire.NeedEventTime != 0
	u.need |= asks.need
}

// asks is the field that a part of an expression selects, if any.
func (s *schema) asks(node celast.NavigableExpr) field {
	if node.Kind() != celast.SelectKind {
		return field{}
	}
	children := node.Children()
	if len(children) != 1 || children[0].Type().Kind() != types.StructKind {
		return field{}
	}
	return s.fields[children[0].Type().TypeName()][node.AsSelect().FieldName()]
}
