package filter

import "slices"

const (
	// mostKept is how many items a slab keeps from one event to the next.
	mostKept = 1024
	// mostShared is up to how many bytes the encoding of a list or an object may have
	// for its items to lie in the slab.
	mostShared = 4096
)

// slab is memory for the items of an event's content, used again for the next event.
// The items of one list or object are appended at its end, one after the other.
type slab struct{ items []item }

// start is where the items of a list or an object are to be appended. Those of a
// large one, which are counted, get memory of their own.
func (s *slab) start(data []byte) []item {
	if len(data) > mostShared {
		return make([]item, 0, countFields(data))
	}
	return s.items[len(s.items):]
}

// keep makes the appended items the slab's, and returns them.
func (s *slab) keep(data []byte, appended []item) []item {
	if len(data) > mostShared {
		return appended
	}
	if end := len(s.items) + len(appended); end <= cap(s.items) {
		s.items = s.items[:end]
	} else { // they have outgrown it: what was kept before stays where it is
		s.items = appended
	}
	return slices.Clip(appended)
}

// clear gives the items up.
func (s *slab) clear() {
	clear(s.items)
	s.items = s.items[:0]
	if cap(s.items) > mostKept {
		s.items = nil
	}
}
