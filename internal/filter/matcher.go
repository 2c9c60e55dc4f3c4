package filter

import (
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

// All says that nothing is filtered.
func (p *Plan) All() bool { return len(p.include) == 0 && len(p.exclude) == 0 }

// Matcher asks a plan about one event after the other.
type Matcher struct{ plan *Plan }

// Matcher makes a matcher, for one goroutine.
func (p *Plan) Matcher() *Matcher { return &Matcher{p} }

// Match says whether the event passes.
func (m *Matcher) Match(e wire.Event) (bool, error) {
	var event snykstreamv1.Event
	if err := proto.Unmarshal(e, &event); err != nil {
		return false, err
	}
	return m.plan.Match(&event), nil
}

// Misses counts.
func (m *Matcher) Misses() uint64 { return 0 }

// Understood is the filter.
func (p *Plan) Understood() (include, exclude []*snykstreamv1.EventFilter) { return nil, nil }
