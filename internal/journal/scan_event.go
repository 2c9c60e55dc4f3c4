package journal

import (
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// told is what a scan tells of an event.
func (s *scan) told(feed audit.Feed, f *wire.Facts, raw []byte) audit.StoredEvent {
	out := audit.StoredEvent{
		Feed: feed, ID: string(f.ID), EventTime: f.EventTime.Time(), IngestTime: f.IngestTime.Time(), Raw: raw,
		Name: s.names.get(f.Name), OrgID: s.names.get(f.OrgID), UserID: s.names.get(f.UserID), ProjectID: s.names.get(f.ProjectID),
	}
	if len(raw) == 0 {
		out.Raw = f.Raw
	}
	return out
}

// names keeps one copy of each of the names and ids that repeat in most events.
type names map[string]string

// maxNames bounds them: names are what Snyk sends.
const maxNames = 4096

func (n *names) get(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	if name, ok := (*n)[string(data)]; ok {
		return name
	}
	if *n == nil || len(*n) >= maxNames {
		*n = names{}
	}
	name := string(data)
	(*n)[name] = name
	return name
}
