package filter

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

// compiler compiles the filters of one request.
type compiler struct {
	labels   Labels
	language *language
	// expressionBytes is the size of the expressions so far.
	expressionBytes int
	// found is what is wrong with them.
	found checks
}

func (c *compiler) list(path string, filters []*snykstreamv1.EventFilter) []clause {
	if len(filters) > maxFilters {
		c.found.malformed(path, "must have at most 64 filters")
		return nil
	}
	clauses := make([]clause, 0, len(filters))
	for i, f := range filters {
		clauses = append(clauses, c.filter(index(path, i), f))
	}
	return clauses
}

// filter makes a filter's conditions, the cheap ones first.
func (c *compiler) filter(path string, f *snykstreamv1.EventFilter) clause {
	found := &c.found
	checkSupported(found, path, f)
	var conditions []condition
	conditions = append(conditions, envelopeConditions(found, path, f)...)
	conditions = append(conditions, timeConditions(found, path, f)...)
	conditions = append(conditions, recordConditions(found, path, f)...)
	conditions = append(conditions, labelConditions(found, path, f, c.labels)...)
	return clause{
		conditions: conditions,
		expression: c.expression(path+".expression", f.GetExpression()),
		need:       needOf(f),
	}
}

// needOf is what the conditions ask of an event.
func needOf(f *snykstreamv1.EventFilter) wire.Need {
	var need wire.Need
	if f.GetEventTimeFrom() != nil || f.GetEventTimeTo() != nil {
		need |= wire.NeedEventTime
	}
	if len(f.GetEventNames())+len(f.GetUserIds())+len(f.GetOrganizationIds())+len(f.GetProjectIds()) > 0 {
		need |= wire.NeedRecord
	}
	return need
}

// checkSupported refuses what this release would otherwise pass over: a
// condition that is not applied widens an include and an exclude alike.
func checkSupported(found *checks, path string, f *snykstreamv1.EventFilter) {
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
