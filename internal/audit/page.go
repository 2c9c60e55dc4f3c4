package audit

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Record is an event with the bytes Snyk sent for it.
type Record struct {
	Event *snykstreamv1.Event
	Raw   []byte
}

// Page is what one answer of Snyk's adds to the journal: its new records and the
// feed's state with them. It is stored as a whole or not at all.
type Page struct {
	SourceID string
	Feed     Feed
	Records  []Record
	Gaps     []*snykstreamv1.Gap
	// Before is the feed's state before the page: what the first parts carry, with
	// the ordinals moved on, where the page takes several entries.
	Before FeedState
	// State is the feed's state with the page.
	State FeedState
}

// Snapshot is the state of a source's feeds at one moment of the journal, with
// the fence that an append based on it must carry.
type Snapshot struct {
	// Fence is the journal sequence of the source's last entry.
	Fence uint64
	Feeds map[Feed]FeedState
}

// StoredEvent is what a scan of the journal tells of an event: enough to
// recognise its record when Snyk shows it again.
type StoredEvent struct {
	Feed Feed
	ID   string
	// EventTime is zero where the record could not be read.
	EventTime  time.Time
	IngestTime time.Time
	// Name, OrgID, UserID and ProjectID are the record's, empty where it has none.
	Name, OrgID, UserID, ProjectID string
	// Raw are the bytes that Snyk sent, nil where the entry does not hold them. They
	// are good for the call that they are given to.
	Raw []byte
}

// Reasons of a Gap.
const (
	// GapRetention: retention passed what the reader had not read.
	GapRetention = "RETENTION_PASSED"
	// GapJournalLoss: entries of the journal are missing.
	GapJournalLoss = "JOURNAL_LOSS"
	// GapSnykRetention: Snyk dropped records before they were read.
	GapSnykRetention = "SNYK_RETENTION"
)
