package filter

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// planner makes a program of an expression that charges a meter for each step.
type planner struct {
	language *language
	meter    *meter
	// joins are the calls of + that a loop gathers its result with.
	joins map[int64]bool
	// regexes are the regular expressions, compiled, by their texts.
	regexes map[string]regex
}

// program plans a checked expression. The program belongs to the meter's owner.
func (l *language) program(ast *cel.Ast, regexes map[string]regex, m *meter) (cel.Program, error) {
	p := &planner{language: l, meter: m, joins: gathering(ast.NativeRep()), regexes: regexes}
	made, err := l.env.Program(ast, cel.CustomDecoratorV2(p.decorate))
	if err != nil {
		return nil, fmt.Errorf("planning an expression: %w", err)
	}
	return made, nil
}

// decorate replaces a step by one that charges for itself.
func (p *planner) decorate(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	switch step := step.(type) {
	case *meteredAttribute, *meteredConstructor, interpreter.InterpretableConst:
		return step, nil
	case interpreter.InterpretableAttribute:
		return &meteredAttribute{step, p.meter}, nil
	case interpreter.InterpretableConstructor:
		return p.constructor(step)
	case interpreter.InterpretableCall:
		return p.call(step)
	}
	return step, nil
}

// meteredAttribute is a variable with what is selected of it.
type meteredAttribute struct {
	interpreter.InterpretableAttribute

	meter *meter
}

// Exec implements interpreter.InterpretableV2.
func (a *meteredAttribute) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	a.meter.charge(1)
	return a.InterpretableAttribute.Exec(frame)
}

// meteredConstructor makes a list or a map.
type meteredConstructor struct {
	interpreter.InterpretableConstructor

	meter *meter
	cost  int
}

// Exec implements interpreter.InterpretableV2.
func (c *meteredConstructor) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	c.meter.charge(c.cost)
	return c.InterpretableConstructor.Exec(frame)
}

// constructor makes a list or a map of constants once.
func (p *planner) constructor(step interpreter.InterpretableConstructor) (interpreter.InterpretableV2, error) {
	for _, part := range step.InitVals() {
		if _, constant := part.(interpreter.InterpretableConst); !constant {
			return &meteredConstructor{step, p.meter, 4 + len(step.InitVals())}, nil
		}
	}
	frame, err := interpreter.NewExecutionFrame(interpreter.EmptyActivation())
	if err != nil {
		return nil, fmt.Errorf("making a constant: %w", err)
	}
	defer frame.Close()
	value := step.Exec(frame)
	if failed, ok := value.(*types.Err); ok {
		return nil, failed
	}
	return interpreter.NewConstValue(step.ID(), value), nil
}
