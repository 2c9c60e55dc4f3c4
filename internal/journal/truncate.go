package journal

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// What of a record goes into its entry. The sum leaves room for a feed's state.
// An event above its limit could not be sent to a client with gRPC's defaults.
const (
	maxEvent = 1 << 20
	maxRaw   = 2 << 20
)

// limits are those sizes where entries may be smaller than usual.
type limits struct{ entry, event, raw int }

func newLimits(entry int) limits {
	return limits{entry: entry, event: min(maxEvent, entry/4), raw: min(maxRaw, entry/2)}
}

// encodeRecord encodes a record. Of an event that is too large as much is left
// out as it takes, and it is marked; bytes that are too many are set apart.
func (l limits) encodeRecord(r audit.Record) (record, error) {
	out := record{raw: r.Raw, id: r.Event.GetId(), time: audit.Instant(r.Event.GetEventTime())}
	event, raw := r.Event, r.Raw
	var err error
	if out.event, err = marshal.Marshal(event); err != nil {
		return record{}, fmt.Errorf("encoding event %s: %w", event.GetId(), err)
	}
	for step := 0; len(out.event) > l.event && step < len(shrink); step++ {
		if step == 0 {
			event = proto.CloneOf(event)
		}
		if own := shrink[step](event); len(own) > 0 {
			raw = own
		}
		event.Truncated = true
		if out.event, err = marshal.Marshal(event); err != nil {
			return record{}, fmt.Errorf("encoding event %s: %w", event.GetId(), err)
		}
	}
	if len(out.event) > l.event {
		return record{}, fmt.Errorf("event %s takes %d bytes without its record", event.GetId(), len(out.event))
	}
	if len(raw) > l.raw {
		out.raw, out.large = nil, raw
	} else {
		out.raw = raw
	}
	return out, nil
}

// shrink are the steps that make an event smaller, the dearest last. Each returns
// the bytes that the event carried itself and no longer does.
var shrink = []func(*snykstreamv1.Event) []byte{
	func(e *snykstreamv1.Event) []byte {
		if org := e.GetOrgAudit(); org != nil {
			org.Content = nil
		}
		if group := e.GetGroupAudit(); group != nil {
			group.Content = nil
		}
		own := e.GetRawBytes()
		if text := e.GetRawJson(); text != "" {
			own = []byte(text)
		}
		e.RawBytes, e.RawJson = nil, ""
		return own
	},
	func(e *snykstreamv1.Event) []byte {
		e.Indicators, e.Names = nil, nil
		return nil
	},
	func(e *snykstreamv1.Event) []byte {
		e.Record, e.MissingFields, e.InferredFields = nil, nil, nil
		return nil
	},
}
