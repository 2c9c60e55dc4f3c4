package filter

import (
	"bytes"

	"github.com/snykstream/snykstream/internal/wire"
)

// asked is the event that a matcher is asked about.
type asked struct {
	wire.Facts
	bytes wire.Event
	// missed says that an expression asked for what the event does not have.
	missed bool
	// lower is memory for an id in lower case.
	lower []byte
	// lastSource is the id that source last told.
	lastSource string


}

func (e *asked) read(event wire.Event) error {
	e.bytes, e.missed = event, false

	return event.Facts(&e.Facts)
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
