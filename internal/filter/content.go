package filter

import (
	"errors"
	"math"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/snykstream/snykstream/internal/wire"
)

// errOdd says that an encoding is not as our own marshaller writes it, such as one
// with a key twice. What is odd is decoded, which merges it, and encoded again.
var errOdd = errors.New("the encoding is not a plain one")

// item is an encoded google.protobuf.Value of a list, or of an object with its key.
// Its value is made once, so that what lies deep in content is read once however
// often it is asked for.
type item struct {
	key, data span
	value     ref.Val
}

// span is where something lies in the encoding of a list or an object.
type span struct{ from, to int32 }

func (s span) after(at int32) span { return span{s.from + at, s.to + at} }

func (s span) of(data []byte) []byte { return data[s.from:s.to] }

// spanBefore is where the last bytes lie of what was read when so much of the
// encoding was left.
func spanBefore(data, left, last []byte) span {
	to := len(data) - len(left)
	return span{int32(to - len(last)), int32(to)} //nolint:gosec // an entry of the journal is far smaller
}

func (i *item) get(of *asked, data []byte) ref.Val {
	if i.value == nil {
		i.value = valueOf(of, i.data.of(data))
	}
	return i.value
}

// countFields counts the fields of an encoded message, of which damage is found when
// they are read.
func countFields(data []byte) int {
	n := 0
	for len(data) > 0 {
		var err error
		if _, data, err = wire.Next(data); err != nil {
			return n
		}
		n++
	}
	return n
}

// valueOf is an encoded google.protobuf.Value as CEL knows it.
func valueOf(of *asked, data []byte) ref.Val {
	value, err := plainValue(of, data)
	if errors.Is(err, errOdd) {
		value, err = plainValue(of, of.plain(data, &structpb.Value{}))
	}
	if err != nil {
		of.damaged(err)
	}
	return value
}

func plainValue(of *asked, data []byte) (ref.Val, error) {
	if len(data) == 0 {
		return types.NullValue, nil
	}
	field, rest, err := wire.Next(data)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errOdd
	}
	switch field.Kind { //nolint:exhaustive // a value has no others
	case protowire.BytesType:
		return compound(of, field)
	case protowire.Fixed64Type:
		if field.Number == wire.ValueNumber {
			return types.Double(math.Float64frombits(field.Bits)), nil
		}
	case protowire.VarintType:
		switch field.Number { //nolint:exhaustive // the same
		case wire.ValueBool:
			return types.Bool(field.Bits != 0), nil
		case wire.ValueNull:
			return types.NullValue, nil
		}
	}
	return nil, errOdd
}

func compound(of *asked, field wire.Field) (ref.Val, error) {
	switch field.Number { //nolint:exhaustive // a value has no others
	case wire.ValueText:
		return types.String(field.Bytes), nil
	case wire.ValueStruct:
		return &object{of: of, data: field.Bytes}, nil
	case wire.ValueList:
		return &list{of: of, data: field.Bytes}, nil
	}
	return nil, errOdd
}

// plain encodes a message again as our own marshaller does.
func (e *asked) plain(data []byte, into proto.Message) []byte {
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, into); err != nil {
		e.damaged(err)
	}
	plain, err := proto.Marshal(into)
	if err != nil {
		e.damaged(err)
	}
	return plain
}

// native is what lists and objects do not do: no function that expressions may use
// asks for it.
type native struct{}

// ConvertToNative implements ref.Val.
func (native) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("content is not converted")
}

func conversionError(from ref.Val, to ref.Type) ref.Val {
	return types.NewErr("type conversion error from '%s' to '%s'", from.Type().TypeName(), to.TypeName())
}
