package wire

import "google.golang.org/protobuf/encoding/protowire"

// Field numbers of google.protobuf.Struct and of what is in one: an entry of its
// map, a Value, a ListValue.
const (
	StructFields protowire.Number = 1
	EntryKey     protowire.Number = 1
	EntryValue   protowire.Number = 2
	ListValues   protowire.Number = 1

	ValueNull   protowire.Number = 1
	ValueNumber protowire.Number = 2
	ValueText   protowire.Number = 3
	ValueBool   protowire.Number = 4
	ValueStruct protowire.Number = 5
	ValueList   protowire.Number = 6
)
