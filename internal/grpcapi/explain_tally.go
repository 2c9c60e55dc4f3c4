package grpcapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/filter"
	"github.com/snykstream/snykstream/internal/wire"
)

// Bounds of an explanation: it stays under the 4 MiB that clients take by default.
const (
	maxNames = 10_000
	// maxNameBytes is of all names, and of all sources. Names may come twice.
	maxNameBytes = 512 << 10
	maxGaps      = 1000
	// otherNames is what further names are counted under. No event has it.
	otherNames = "*"
)

// tally counts events by name and source.
type tally struct {
	names, sources *counts
}

// counts are counts by key.
type counts struct {
	of map[string]*count
	// bytes is how many the keys have.
	bytes int
}

// count is of the events of one name or source.
type count struct{ considered, passed, included uint64 }

func newTally() tally {
	return tally{names: &counts{of: map[string]*count{}}, sources: &counts{of: map[string]*count{}}}
}

// consider counts an event. Events without a record have the empty name.
func (t tally) consider(matcher *filter.Matcher, event wire.Event) error {
	var facts wire.Facts
	if err := event.Facts(&facts); err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	verdict, err := matcher.Judge(event)
	if err != nil {
		return err
	}
	t.names.get(facts.Name).add(verdict)
	t.sources.get(facts.SourceID).add(verdict)
	return nil
}

// get is the count of a key, or that of all for which there is no room.
func (c *counts) get(key []byte) *count {
	if known := c.of[string(key)]; known != nil {
		return known
	}
	name := string(key)
	if len(c.of) >= maxNames || c.bytes+len(name) > maxNameBytes {
		name = otherNames
	}
	if c.of[name] == nil {
		c.of[name] = &count{}
		c.bytes += len(name)
	}
	return c.of[name]
}

func (c *count) add(verdict filter.Judgement) {
	c.considered++
	if verdict.Included {
		c.included++
	}
	if verdict.Passes {
		c.passed++
	}
}

// response is the counts: names by how many events they have, sources by id.
func (t tally) response() *snykstreamv1.ExplainFilterResponse {
	out := &snykstreamv1.ExplainFilterResponse{}
	for _, name := range slices.Sorted(maps.Keys(t.names.of)) {
		c := t.names.of[name]
		out.Considered += c.considered
		out.Passed += c.passed
		out.EventNames = append(out.EventNames, &snykstreamv1.EventNameCount{EventName: name, Considered: c.considered, Passed: c.passed})
		if c.included == 0 {
			out.UncoveredEventNames = append(out.UncoveredEventNames, name)
		}
	}
	slices.SortStableFunc(out.GetEventNames(), func(a, b *snykstreamv1.EventNameCount) int {
		return cmp.Compare(b.GetConsidered(), a.GetConsidered())
	})
	for _, id := range slices.Sorted(maps.Keys(t.sources.of)) {
		c := t.sources.of[id]
		out.Sources = append(out.Sources, &snykstreamv1.SourceCount{SourceId: id, Considered: c.considered, Passed: c.passed})
	}
	return out
}
