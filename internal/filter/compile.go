package filter

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// compileFilter makes a filter's conditions, the cheap ones first.
func compileFilter(found *problems, path string, f *snykstreamv1.EventFilter, labels Labels) clause {
	checkSupported(found, path, f)
	var c []condition
	c = append(c, envelopeConditions(found, path, f)...)
	c = append(c, timeConditions(found, path, f)...)
	c = append(c, recordConditions(found, path, f)...)
	c = append(c, labelConditions(found, path, f, labels)...)
	return clause{conditions: c, expression: compileExpression(found, path+".expression", f.GetExpression())}
}

// checkSupported refuses what this release would otherwise pass over: a
// condition that is not applied widens an include and an exclude alike.
func checkSupported(found *problems, path string, f *snykstreamv1.EventFilter) {
	left := f.ProtoReflect().GetUnknown()
	for len(left) > 0 {
		number, _, size := protowire.ConsumeField(left)
		if size < 0 { // the decoder has read it before
			return
		}
		left = left[size:]
		if at := path + "." + strconv.Itoa(int(number)); !found.under(at) {
			found.unsupported(at, "is a field that this release does not know")
		}
	}
}
