package collect

import (
	"context"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Sources are the sources to collect.
type Sources interface {
	// Watch calls each for every source there is, deleted ones included, then for
	// each change, one call at a time, until ctx ends.
	Watch(ctx context.Context, each func(audit.SourceRecord)) error
	// Get reads a source afresh. Errors: KindNotFound for one that is not there
	// or deleted.
	Get(ctx context.Context, id string) (audit.SourceRecord, error)
	// Credential opens the source's stored credential.
	Credential(ctx context.Context, rec audit.SourceRecord) (audit.Credential, error)
}

// Journal is where pages go.
type Journal interface {
	// Load reads the states of the source's feeds and the fence, as of one moment.
	Load(ctx context.Context, sourceID string) (audit.Snapshot, error)
	// Append stores the page as a whole if no entry of the source is newer than
	// fence, and returns the fence after it. Errors: audit.ErrFenced when one is,
	// nothing is stored; audit.ErrUnknownOutcome when the page may be stored.
	Append(ctx context.Context, fence uint64, page audit.Page) (uint64, error)
	// Checkpoint stores a feed's state outside the journal. It is passed over once
	// the feed has an entry after base.
	Checkpoint(ctx context.Context, sourceID string, feed audit.Feed, state audit.FeedState, base uint64) error
	// Scan calls fn for every event of the feed stored at or after since, in journal
	// order; without a feed, for those of all feeds of the source.
	Scan(ctx context.Context, sourceID string, feed audit.Feed, since time.Time, fn func(audit.StoredEvent) error) error
}

// Snyk is Snyk's API with one credential. Errors are *audit.SnykError or ctx's.
type Snyk interface {
	// Search asks for the first page of a window.
	Search(ctx context.Context, q audit.Search) (audit.Answer, error)
	// Follow asks for the page that a link of the window leads to.
	Follow(ctx context.Context, q audit.Search, next string) (audit.Answer, error)
	// Organization looks an organization up.
	Organization(ctx context.Context, id string) (audit.Organization, error)
	// Organizations are all organizations of a group that the credential may see:
	// the whole list, or an error.
	Organizations(ctx context.Context, groupID string) ([]audit.Organization, error)
	// Pace is how many requests a second the credential may make in the long run.
	Pace() float64
}

// Dial returns Snyk's API in a region with a credential. Those of one credential
// share its budget.
type Dial func(region snykstreamv1.Region, cred audit.Credential) Snyk

// Board shows how the feeds are doing.
type Board interface {
	// Roster says which feeds of the source are read from now on; reports of others
	// are dropped. trouble is what keeps feeds of the source from being found, nil
	// for none.
	Roster(sourceID string, feeds []audit.Feed, trouble *audit.Trouble)
	// Report replaces what was known of the feed.
	Report(report audit.FeedReport)
	// Trouble shows what keeps a feed from being read at all; nothing else that is
	// known of the feed changes.
	Trouble(sourceID string, feed audit.Feed, trouble *audit.Trouble)
	// Forget drops a deleted source.
	Forget(sourceID string)
}
