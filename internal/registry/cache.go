package registry

import (
	"cmp"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
)

// cache has the newest record of each source that this process has seen.
type cache struct {
	mu sync.RWMutex
	// sources is guarded by mu. The records in it are never changed.
	sources map[string]audit.SourceRecord
}

func newCache() *cache { return &cache{sources: make(map[string]audit.SourceRecord)} }

// put takes a record unless a newer one of the source is there: own writes, the
// watch and the sweep come in any order.
func (c *cache) put(rec audit.SourceRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sources[rec.ID()].Revision <= rec.Revision {
		// A copy: the record is its owner's to change.
		rec.Source, rec.Credential = proto.CloneOf(rec.Source), proto.CloneOf(rec.Credential)
		c.sources[rec.ID()] = rec
	}
}

// drop forgets a record that was removed, unless the id is in use again.
func (c *cache) drop(rec audit.SourceRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sources[rec.ID()].Revision == rec.Revision {
		delete(c.sources, rec.ID())
	}
}

func (c *cache) get(id string) (audit.SourceRecord, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	rec, ok := c.sources[id]
	return rec, ok
}

// live are the sources that are not deleted, in the order of their ids.
func (c *cache) live() []audit.SourceRecord {
	c.mu.RLock()
	defer c.mu.RUnlock()
	records := make([]audit.SourceRecord, 0, len(c.sources))
	for _, rec := range c.sources {
		if !rec.Deleted() {
			records = append(records, rec)
		}
	}
	slices.SortFunc(records, func(a, b audit.SourceRecord) int { return cmp.Compare(a.ID(), b.ID()) })
	return records
}
