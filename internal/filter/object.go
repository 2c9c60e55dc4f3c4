package filter

import (
	"bytes"
	"errors"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/snykstream/snykstream/internal/wire"
)

// object is an encoded google.protobuf.Struct as a map of CEL's: read as it lies, on
// the first question, and once.
type object struct {
	native

	of      *asked
	data    []byte
	read    bool
	entries []item // of the event's slab
	// index finds keys where there are many.
	index map[string]int
}

// fewEntries is up to how many keys are compared one by one.
const fewEntries = 16

func (o *object) open() {
	if o.read {
		return
	}
	o.read = true
	err := o.walk()
	if errors.Is(err, errOdd) {
		o.data = o.of.plain(o.data, &structpb.Struct{})
		err = o.walk()
	}
	if err != nil {
		o.of.damaged(err)
	}
}

func (o *object) walk() error {
	o.entries, o.index = o.of.items.start(o.data), nil
	for rest := o.data; len(rest) > 0; {
		var field wire.Field
		var err error
		if field, rest, err = wire.Next(rest); err != nil {
			return err
		}
		if field.Number != wire.StructFields || field.Kind != protowire.BytesType {
			continue
		}
		entry, err := readEntry(field.Bytes)
		if err != nil {
			return err
		}
		at := spanBefore(o.data, rest, field.Bytes).from
		entry.key, entry.data = entry.key.after(at), entry.data.after(at)
		if _, twice := o.find(entry.key.of(o.data)); twice {
			return errOdd
		}
		o.add(entry)
	}
	o.entries = o.of.items.keep(o.data, o.entries)
	return nil
}

func readEntry(data []byte) (item, error) {
	if len(data) == 0 {
		return item{}, errOdd
	}
	key, rest, err := wire.Next(data)
	if err != nil {
		return item{}, err
	}
	keyAt := spanBefore(data, rest, key.Bytes)
	if len(rest) == 0 {
		return item{}, errOdd
	}
	value, rest, err := wire.Next(rest)
	if err != nil {
		return item{}, err
	}
	if len(rest) > 0 || key.Number != wire.EntryKey || key.Kind != protowire.BytesType ||
		value.Number != wire.EntryValue || value.Kind != protowire.BytesType {
		return item{}, errOdd
	}
	return item{key: keyAt, data: spanBefore(data, rest, value.Bytes)}, nil
}

func (o *object) add(entry item) {
	o.entries = append(o.entries, entry)
	switch {
	case o.index != nil:
		o.index[string(entry.key.of(o.data))] = len(o.entries) - 1
	case len(o.entries) > fewEntries:
		o.index = make(map[string]int, cap(o.entries))
		for i := range o.entries {
			o.index[string(o.entries[i].key.of(o.data))] = i
		}
	}
}

func (o *object) find(key []byte) (*item, bool) {
	if o.index != nil {
		i, ok := o.index[string(key)]
		if !ok {
			return nil, false
		}
		return &o.entries[i], true
	}
	for i := range o.entries {
		if bytes.Equal(o.entries[i].key.of(o.data), key) {
			return &o.entries[i], true
		}
	}
	return nil, false
}

// FindStringKey is how CEL selects a field of a map.
func (o *object) FindStringKey(key string) (any, bool) {
	o.open()
	entry, ok := o.find([]byte(key))
	if !ok {
		return nil, false
	}
	return entry.get(o.of, o.data), true
}

// Find implements traits.Mapper.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	text, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	o.open()
	entry, ok := o.find([]byte(text))
	if !ok {
		return nil, false
	}
	return entry.get(o.of, o.data), true
}

// Get implements traits.Mapper.
func (o *object) Get(key ref.Val) ref.Val {
	if value, ok := o.Find(key); ok {
		return value
	}
	return types.NewErr("no such key: %v", key.Type())
}

// Contains implements traits.Mapper.
func (o *object) Contains(key ref.Val) ref.Val {
	_, ok := o.Find(key)
	return types.Bool(ok)
}

// Size implements traits.Mapper.
func (o *object) Size() ref.Val {
	o.open()
	return types.Int(len(o.entries))
}

// Fold implements traits.Foldable: it is how loops walk through the keys. Loops over
// keys with their values are no part of the language.
func (o *object) Fold(f traits.Folder) {
	o.open()
	for i := range o.entries {
		if !f.FoldEntry(types.String(o.entries[i].key.of(o.data)), nil) {
			return
		}
	}
}

// Iterator implements traits.Mapper.
func (o *object) Iterator() traits.Iterator {
	o.open()
	o.of.meter.charge(len(o.entries))
	keys := make([]ref.Val, len(o.entries))
	for i := range o.entries {
		keys[i] = types.String(o.entries[i].key.of(o.data))
	}
	return types.NewRefValList(types.DefaultTypeAdapter, keys).Iterator()
}

// Equal implements ref.Val.
func (o *object) Equal(other ref.Val) ref.Val { return types.Bool(o.of.meter.equal(o, other)) }

// Type implements ref.Val.
func (*object) Type() ref.Type { return types.MapType }

// Value implements ref.Val.
func (o *object) Value() any { return o }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(to ref.Type) ref.Val {
	if to == types.MapType {
		return o
	}
	return conversionError(o, to)
}
