package audit

import (
	"unicode/utf8"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// setRaw puts the bytes of a record that could not be read on its event.
func setRaw(event *snykstreamv1.Event, raw []byte) {
	if utf8.Valid(raw) {
		event.RawJson = string(raw)
		return
	}
	event.RawBytes = raw
}
