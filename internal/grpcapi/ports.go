package grpcapi

import (
	"context"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Sources keeps the sources. Records that it hands out are not changed here.
type Sources interface {
	// Create stores a source with its credential, and sets its times and its etag.
	// The id of a deleted source whose events are kept is free for the same
	// organization and group alone. Errors: KindExists, with SOURCE_EXISTS or
	// SOURCE_ID_IN_USE.
	Create(ctx context.Context, rec audit.SourceRecord, cred audit.Credential) (audit.SourceRecord, error)
	// Get returns a source that is not deleted. Errors: KindNotFound.
	Get(ctx context.Context, id string) (audit.SourceRecord, error)
	// List returns all sources in id order, without the deleted ones.
	List(ctx context.Context) ([]audit.SourceRecord, error)
	// Update stores a record that Get returned, changed; a nil credential leaves the
	// stored one. Errors: KindNotFound; KindAborted where the record is no longer the
	// one that Get returned.
	Update(ctx context.Context, rec audit.SourceRecord, cred *audit.Credential) (audit.SourceRecord, error)
	// Delete deletes a source, with its credential, and returns it as it was. An
	// etag that is not empty must match. Errors: KindNotFound, KindAborted.
	Delete(ctx context.Context, id, etag string) (audit.SourceRecord, error)
}

// Vacancies tells which ids can be taken.
type Vacancies interface {
	// Vacant says whether Create would find the record's id free now. Errors: as
	// Create's.
	Vacant(ctx context.Context, rec audit.SourceRecord) error
}

// Vault opens the sealed credentials.
type Vault interface {
	// Credential is the source's credential. Errors: KindPrecondition where it has
	// none, or one that cannot be opened.
	Credential(ctx context.Context, rec audit.SourceRecord) (audit.Credential, error)
}

// Checker tries credentials against Snyk.
type Checker interface {
	// Check reports, in bounded time, what the credentials can do with the
	// configuration. Bad credentials are a report and no error. An *audit.SnykError
	// says that Snyk could not be asked, and nothing about the credentials; the
	// report of what was tried comes with it if there is one. Other errors: ctx's.
	Check(ctx context.Context, config *snykstreamv1.SnykConfig, cred audit.Credential) (*snykstreamv1.ValidateCredentialsResponse, error)
}

// Statuses tells how sources are doing.
type Statuses interface {
	// Status is the source's status now. It is never nil: a source not heard of yet
	// is PENDING.
	Status(rec audit.SourceRecord) *snykstreamv1.SourceStatus
}

// Ledgers tells what is known of the reading of a source's feeds.
type Ledgers interface {
	// Ledgers are the states of the feeds that the source reads, one that is empty
	// where a feed was never read, and of those that it read and no longer does. What
	// they hold is shared and never changed. Errors: KindUnavailable.
	Ledgers(ctx context.Context, rec audit.SourceRecord) (map[audit.Feed]audit.FeedState, error)
	// NoLongerRead says that the source does not read the feed, of those that Ledgers
	// has, any more.
	NoLongerRead(rec audit.SourceRecord, feed audit.Feed) bool
}

// Fencer stops collectors that hold an older configuration of a source.
type Fencer interface {
	// Fence makes every append fail that was prepared before it.
	Fence(ctx context.Context, sourceID, reason string) error
}
