package filter

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/snykstream/snykstream/internal/wire"
)

// list is an encoded google.protobuf.ListValue as a list of CEL's, read like an
// object.
type list struct {
	native

	of    *asked
	data  []byte
	read  bool
	items []item
}

func (l *list) open() {
	if l.read {
		return
	}
	l.read = true
	l.items = l.of.items.start(l.data)
	for rest := l.data; len(rest) > 0; {
		var field wire.Field
		var err error
		if field, rest, err = wire.Next(rest); err != nil {
			l.of.damaged(err)
		}
		if field.Number == wire.ListValues && field.Kind == protowire.BytesType {
			l.items = append(l.items, item{data: spanBefore(l.data, rest, field.Bytes)})
		}
	}
	l.items = l.of.items.keep(l.data, l.items)
}

func (l *list) item(i int) ref.Val { return l.items[i].get(l.of, l.data) }

// GetInt64Index is how CEL selects an item of a list by a literal.
func (l *list) GetInt64Index(i int64) (any, bool) {
	l.open()
	if i < 0 || i >= int64(len(l.items)) {
		return nil, false
	}
	return l.item(int(i)), true
}

// Get implements traits.Lister.
func (l *list) Get(index ref.Val) ref.Val {
	l.open()
	i, err := types.GetOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(l.items) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return l.item(i)
}

// Contains implements traits.Lister.
func (l *list) Contains(v ref.Val) ref.Val { return l.of.meter.in(v, l) }

// Size implements traits.Lister.
func (l *list) Size() ref.Val {
	l.open()
	return types.Int(len(l.items))
}

// Fold implements traits.Foldable: it is how loops walk through the items.
func (l *list) Fold(f traits.Folder) {
	l.open()
	for i := range l.items {
		if !f.FoldEntry(types.Int(i), l.item(i)) {
			return
		}
	}
}

// Iterator implements traits.Lister.
func (l *list) Iterator() traits.Iterator {
	l.open()
	l.of.meter.charge(len(l.items))
	values := make([]ref.Val, len(l.items))
	for i := range l.items {
		values[i] = l.item(i)
	}
	return types.NewRefValList(types.DefaultTypeAdapter, values).Iterator()
}

// Add implements traits.Lister. Lists are not joined.
func (*list) Add(ref.Val) ref.Val { return noSuchOverload() }

// Equal implements ref.Val.
func (l *list) Equal(other ref.Val) ref.Val { return types.Bool(l.of.meter.equal(l, other)) }

// Type implements ref.Val.
func (*list) Type() ref.Type { return types.ListType }

// Value implements ref.Val.
func (l *list) Value() any { return l }

// ConvertToType implements ref.Val.
func (l *list) ConvertToType(to ref.Type) ref.Val {
	if to == types.ListType {
		return l
	}
	return conversionError(l, to)
}
