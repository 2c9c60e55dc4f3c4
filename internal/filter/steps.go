package filter

import (
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// unary is a call with one argument.
type unary struct {
	interpreter.InterpretableCall

	meter *meter
	arg   interpreter.InterpretableV2
	do    functions.UnaryOp
}

// Exec implements interpreter.InterpretableV2.
func (u *unary) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := u.arg.Exec(frame)
	if types.IsError(v) {
		return v
	}
	u.meter.charge(1)
	u.meter.text(v)
	return located(u.ID(), u.do(v))
}

// binary is a call with two arguments.
type binary struct {
	interpreter.InterpretableCall

	meter         *meter
	first, second interpreter.InterpretableV2
	do            functions.BinaryOp
}

// Exec implements interpreter.InterpretableV2.
func (b *binary) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	first := b.first.Exec(frame)
	if types.IsError(first) {
		return first
	}
	second := b.second.Exec(frame)
	if types.IsError(second) {
		return second
	}
	b.meter.charge(1)
	return located(b.ID(), b.do(first, second))
}

// nonStrict is a call that takes errors for values.
type nonStrict struct {
	interpreter.InterpretableCall

	meter *meter
}

// Exec implements interpreter.InterpretableV2.
func (n *nonStrict) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	n.meter.charge(1)
	return n.InterpretableCall.Exec(frame)
}

// located tells where in the expression an error came up. It makes a new one, since
// CEL shares some of its errors and notes places in them.
func located(id int64, v ref.Val) ref.Val {
	failed, ok := v.(*types.Err)
	if !ok || failed.NodeID() != 0 {
		return v
	}
	return types.LabelErrNode(id, types.WrapErr(failed.Unwrap()))
}
