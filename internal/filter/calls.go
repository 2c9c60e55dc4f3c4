package filter

import (
	"fmt"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// call gives a call an implementation that charges before it works.
func (p *planner) call(step interpreter.InterpretableCall) (interpreter.InterpretableV2, error) {
	m, args := p.meter, step.Args()
	switch step.Function() {
	case operators.Equals:
		return p.binary(step, func(a, b ref.Val) ref.Val { return types.Bool(m.equal(a, b)) }), nil
	case operators.NotEquals:
		return p.binary(step, func(a, b ref.Val) ref.Val { return types.Bool(!m.equal(a, b)) }), nil
	case operators.In:
		return p.membership(step)
	case overloads.Matches:
		return p.regex(step)
	}
	found := p.language.implementation(step.OverloadID(), step.Function())
	switch {
	case found == nil:
		return nil, fmt.Errorf("%s has no implementation", step.Function())
	case found.NonStrict:
		return &nonStrict{step, m}, nil
	case step.Function() == operators.Add && !p.joins[step.ID()]:
		return p.binary(step, sum(found.Binary)), nil
	case len(args) == 1:
		return &unary{step, m, args[0], one(found)}, nil
	case len(args) == 2:
		return p.binary(step, two(m, found)), nil
	}
	return nil, fmt.Errorf("%s has %d arguments", step.Function(), len(args))
}

func (p *planner) binary(step interpreter.InterpretableCall, do functions.BinaryOp) *binary {
	args := step.Args()
	return &binary{step, p.meter, args[0], args[1], do}
}

// one is the implementation of a function of one argument.
func one(of *functions.Overload) functions.UnaryOp {
	return func(v ref.Val) ref.Val {
		switch {
		case of.OperandTrait != 0 && !v.Type().HasTrait(of.OperandTrait):
			return noSuchOverload()
		case of.Unary != nil:
			return of.Unary(v)
		}
		return of.Function(v)
	}
}

// two is the implementation of a function of two arguments. The second one of those
// that are not operators on a type is a time zone.
func two(m *meter, of *functions.Overload) functions.BinaryOp {
	return func(a, b ref.Val) ref.Val {
		m.text(a)
		m.text(b)
		if _, isTime := a.(types.Timestamp); isTime && b.Type() == types.StringType {
			m.charge(zoneCost)
		}
		switch {
		case of.OperandTrait != 0 && !a.Type().HasTrait(of.OperandTrait):
			return noSuchOverload()
		case of.Binary != nil:
			return of.Binary(a, b)
		}
		return of.Function(a, b)
	}
}

// sum adds what is no text and no list: joining those makes memory grow.
func sum(add functions.BinaryOp) functions.BinaryOp {
	return func(a, b ref.Val) ref.Val {
		switch a.(type) {
		case types.String, types.Bytes, traits.Lister:
			return noSuchOverload()
		}
		if !a.Type().HasTrait(traits.AdderType) {
			return noSuchOverload()
		}
		return add(a, b)
	}
}

// membership finds texts among constants by hashing.
func (p *planner) membership(step interpreter.InterpretableCall) (interpreter.InterpretableV2, error) {
	m := p.meter
	if constant, ok := step.Args()[1].(interpreter.InterpretableConst); ok {
		if texts, ok := textsOf(constant.Value()); ok {
			return p.binary(step, func(v, _ ref.Val) ref.Val {
				m.text(v)
				text, ok := v.(types.String)
				return types.Bool(ok && texts.has([]byte(text)))
			}), nil
		}
	}
	return p.binary(step, m.in), nil
}

// textsOf are the items of a list of texts alone.
func textsOf(v ref.Val) (*texts, bool) {
	items, ok := v.(traits.Lister)
	if !ok {
		return nil, false
	}
	given := set[string]{}
	for it := items.Iterator(); it.HasNext() == types.True; {
		text, ok := it.Next().(types.String)
		if !ok {
			return nil, false
		}
		given[string(text)] = struct{}{}
	}
	made := compileTexts(given)
	return &made, true
}

// regex takes the regular expression that check has compiled. The time that matching
// takes is bounded by the product of its size and the text's.
func (p *planner) regex(step interpreter.InterpretableCall) (interpreter.InterpretableV2, error) {
	constant, ok := step.Args()[1].(interpreter.InterpretableConst)
	if !ok {
		return nil, fmt.Errorf("%s takes a literal", overloads.Matches)
	}
	pattern, ok := constant.Value().(types.String)
	if !ok {
		return nil, fmt.Errorf("%s takes a text", overloads.Matches)
	}
	compiled, ok := p.regexes[string(pattern)]
	if !ok {
		return nil, fmt.Errorf("%s takes what was checked", overloads.Matches)
	}
	m := p.meter
	return p.binary(step, func(v, _ ref.Val) ref.Val {
		text, ok := v.(types.String)
		if !ok {
			return noSuchOverload()
		}
		m.charge(1 + len(text)*compiled.size/regexStepsPerUnit)
		return types.Bool(compiled.MatchString(string(text)))
	}), nil
}
