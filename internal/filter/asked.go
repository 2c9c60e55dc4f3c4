package filter

import (
	"bytes"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/interpreter"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

// asked is the event that a matcher is asked about: its facts, and what expressions
// see of it.
type asked struct {
	wire.Facts

	bytes wire.Event
	// lower is memory for an id in lower case.
	lower []byte
	// lastSource is the id that source last told.
	lastSource string

	// missed says that an expression asked for what the event does not have.
	missed bool
	// meter is what expressions may still cost.
	meter meter
	// texts are values of the event's texts.
	texts keptTexts
	// root is the record's content, and message the event decoded, once an expression
	// has asked for them.
	root    *object
	items   slab
	message *snykstreamv1.Event
	// empty is the record that the event does not have.
	empty *asked
	// programs are the plan's expressions, by their index.
	programs []cel.Program
	// damage is why an expression could not read the event.
	damage error
}

func (e *asked) read(event wire.Event, need wire.Need) error {
	e.bytes, e.missed = event, false
	e.meter.left = maxCost
	return event.Some(&e.Facts, need)
}

// forget gives up what expressions have read of the event: content may be large, and
// the next event long in coming.
func (e *asked) forget() {
	if e.root == nil && e.message == nil && e.damage == nil {
		return
	}
	e.root, e.message, e.damage = nil, nil, nil
	e.items.clear()
}

// source is the event's source. Events of one mostly follow each other, so its id
// is kept.
func (e *asked) source() string {
	if e.lastSource != string(e.SourceID) {
		e.lastSource = string(e.SourceID)
	}
	return e.lastSource
}

// lowerCase is an id in lower case, good until the next one.
func (e *asked) lowerCase(id []byte) []byte {
	for _, c := range id {
		if c >= 0x80 {
			return bytes.ToLower(id)
		}
		if 'A' <= c && c <= 'Z' {
			return e.lowerASCII(id)
		}
	}
	return id
}

func (e *asked) lowerASCII(id []byte) []byte {
	e.lower = append(e.lower[:0], id...)
	for i, c := range e.lower {
		if c >= 0x80 {
			return bytes.ToLower(id)
		}
		if 'A' <= c && c <= 'Z' {
			e.lower[i] = c + 'a' - 'A'
		}
	}
	return e.lower
}

// decoded is the event decoded, for the fields that expressions seldom ask for.
func (e *asked) decoded() *snykstreamv1.Event {
	if e.message == nil {
		e.message = &snykstreamv1.Event{}
		if err := proto.Unmarshal(e.bytes, e.message); err != nil {
			e.damaged(err)
		}
	}
	return e.message
}

// content is the record's content.
func (e *asked) content() *object {
	if e.root == nil {
		e.root = &object{of: e, data: e.Content}
	}
	return e.root
}

// nothing is a record without fields.
func (e *asked) nothing() *asked {
	if e.empty == nil {
		e.empty = &asked{meter: meter{left: maxCost}}
	}
	return e.empty
}

// ResolveName implements interpreter.Activation.
func (e *asked) ResolveName(name string) (any, bool) {
	return e, name == variableEvent || name == variableRecord
}

// Parent implements interpreter.Activation.
func (*asked) Parent() interpreter.Activation { return nil }

// damaged ends the evaluation of an expression that cannot read the event.
func (e *asked) damaged(err error) {
	e.damage = err
	//nolint:forbidigo // how CEL ends an evaluation: an error could be outvoted by ||
	panic(interpreter.EvalCancelledError{Message: "the event cannot be read"})
}
