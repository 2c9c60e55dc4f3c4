package filter

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// expression is a filter's expression, checked.
type expression struct {
	path     string
	language *language
	ast      *cel.Ast
	// index is where a matcher keeps the program.
	index int
	usage
}

// expression checks an expression, and returns nil where there is none or where it
// is wrong.
func (c *compiler) expression(path, text string) *expression {
	if text == "" {
		return nil
	}
	if text = strings.TrimSpace(text); text == "" {
		// Passed over, it would let everything through.
		c.found.malformed(path, "must not be blank: leave it out, or give a CEL expression")
		return nil
	}
	c.expressionBytes += len(text)
	switch {
	case len(text) > maxExpressionBytes:
		c.found.malformed(path, fmt.Sprintf("must be at most %d bytes long", maxExpressionBytes))
		return nil
	case c.expressionBytes > maxExpressionsBytes:
		c.found.malformed(path, fmt.Sprintf("must be shorter: the expressions of a request have at most %d bytes together", maxExpressionsBytes))
		return nil
	}
	ast, issues := c.language.env.Compile(text)
	if len(issues.Errors()) > 0 {
		c.found.malformed(path, wordsOf(text, issues))
		return nil
	}
	use, words := c.language.check(ast)
	if words != "" {
		c.found.malformed(path, words)
		return nil
	}
	return &expression{path: path, language: c.language, ast: ast, usage: use}
}

func (x *expression) program(m *meter) (cel.Program, error) {
	return x.language.program(x.ast, x.regexes, m)
}

// judge evaluates the expression. What asks for the record is unknown of an event
// without one, and so is what asks for an event_time that is not there.
func (x *expression) judge(e *asked) (verdict, error) {
	if x.ofRecord && !e.Readable || x.ofEventTime && !e.EventTime.Set {
		return unknown, nil
	}
	out, _, err := e.programs[x.index].Eval(e)
	switch {
	case err == nil:
		return verdictOf(out == types.True), nil
	case e.damage != nil:
		return fails, fmt.Errorf("reading an event for %s: %w: %w", x.path, wire.ErrDamaged, e.damage)
	case isCostly(err):
		return fails, x.costly(e)
	case isMiss(err):
		e.missed = true
		return fails, nil
	}
	return fails, x.failed(e, err)
}

func isCostly(err error) bool {
	cancelled, ok := errors.AsType[interpreter.EvalCancelledError](err)
	return ok && cancelled.Cause == interpreter.CostLimitExceeded
}

func (x *expression) costly(e *asked) error {
	return &audit.Error{
		Kind: audit.KindExhausted, Reason: snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_COST,
		Message: fmt.Sprintf("%s is too expensive for an event: trying again does not help, a cheaper expression or structured fields beside it do",
			x.path),
		Metadata: x.metadata(e),
	}
}

func (x *expression) failed(e *asked, err error) error {
	return &audit.Error{
		Kind: audit.KindPrecondition, Reason: snykstreamv1.ErrorReason_ERROR_REASON_EXPRESSION_FAILED,
		Message:  fmt.Sprintf("%s cannot be evaluated for an event: %s%s", x.path, failure(err), x.place(err)),
		Metadata: x.metadata(e),
	}
}

func (x *expression) metadata(e *asked) map[string]string {
	return map[string]string{"filter": x.path, "event_id": string(e.ID), "source_id": string(e.SourceID)}
}

// place says where in the expression an error came up, if that is known.
func (x *expression) place(err error) string {
	failed, ok := errors.AsType[*types.Err](err)
	if !ok || failed.NodeID() == 0 {
		return ""
	}
	at := x.ast.NativeRep().SourceInfo().GetStartLocation(failed.NodeID())
	if at.Line() < 1 {
		return ""
	}
	return fmt.Sprintf(" at %d:%d", at.Line(), at.Column()+1)
}
