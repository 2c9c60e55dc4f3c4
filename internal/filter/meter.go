package filter

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

const (
	// maxCost is what the expressions of a plan may cost for one event. A unit is a
	// step of an expression, some 50 ns.
	maxCost = 20_000
	// bytesPerUnit is how much of a text an operation reads for one unit.
	bytesPerUnit = 256
	// regexStepsPerUnit is how many of a regular expression's instructions are tried
	// for one unit, each on one byte.
	regexStepsPerUnit = 16
	// zoneCost is what it costs to look a time zone up.
	zoneCost = 400
)

// meter bounds what expressions cost. It is charged before the work is done, so that
// one operation cannot cost more than there is left. CEL's own cost limit counts
// afterwards, and a step where the types of values are not known as one.
type meter struct{ left int }

// charge takes from what is left, and ends the evaluation where there is nothing.
func (m *meter) charge(units int) {
	if m.left -= units; m.left < 0 {
		//nolint:forbidigo // how CEL ends an evaluation: an error could be outvoted by ||
		panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: "the expression is too expensive"})
	}
}

// text charges for an operation that walks through a text, and does nothing for
// other values.
func (m *meter) text(v ref.Val) {
	if s, ok := v.(types.String); ok {
		m.charge(len(s) / bytesPerUnit)
	}
}

// equal is CEL's equality, charged as it goes down lists and maps.
func (m *meter) equal(a, b ref.Val) bool {
	m.charge(1)
	switch a := a.(type) {
	case types.String:
		b, ok := b.(types.String)
		if ok && len(a) == len(b) {
			m.text(a)
			return a == b
		}
		return false
	case traits.Lister:
		b, ok := b.(traits.Lister)
		return ok && m.equalLists(a, b)
	case traits.Mapper:
		b, ok := b.(traits.Mapper)
		return ok && m.equalMaps(a, b)
	}
	return types.Equal(a, b) == types.True
}

func (m *meter) equalLists(a, b traits.Lister) bool {
	size := sizeOf(a)
	if size != sizeOf(b) {
		return false
	}
	for i := range size {
		if !m.equal(a.Get(i), b.Get(i)) {
			return false
		}
	}
	return true
}

func (m *meter) equalMaps(a, b traits.Mapper) bool {
	if sizeOf(a) != sizeOf(b) {
		return false
	}
	for it := a.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		mine, _ := a.Find(key)
		other, found := b.Find(key)
		if !found || !m.equal(mine, other) {
			return false
		}
	}
	return true
}

func sizeOf(v traits.Sizer) types.Int {
	size, _ := v.Size().(types.Int)
	return size
}

// in is CEL's membership of a list's items or a map's keys.
func (m *meter) in(v, container ref.Val) ref.Val {
	switch container := container.(type) {
	case traits.Mapper:
		m.text(v)
		return container.Contains(v)
	case traits.Lister:
		size := sizeOf(container)
		for i := range size {
			if m.equal(v, container.Get(i)) {
				return types.True
			}
		}
		return types.False
	}
	return noSuchOverload()
}

// noSuchOverload is CEL's error for values of types that an operation does not take.
func noSuchOverload() ref.Val { return types.NewErr("no such overload") }
