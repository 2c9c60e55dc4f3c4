package audit

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Bounds and defaults of a source's settings.
const (
	// SnykRetention is how long Snyk keeps audit records.
	SnykRetention         = 90 * 24 * time.Hour
	DefaultPollInterval   = 30 * time.Second
	DefaultDropOffAlarm   = 24 * time.Hour
	MaxLabels             = 64
	MaxLabelKey           = 63
	MaxLabelValue         = 256
	MaxDisplayNameInRunes = 100
)

// SourceRecord is a source as the registry keeps it.
type SourceRecord struct {
	// Source is the configuration with its etag, without status.
	Source *snykstreamv1.Source
	// CredentialRef names the sealed credential. Empty: there is none.
	CredentialRef string
	// Credential tells of the credential without its secret.
	Credential *snykstreamv1.CredentialInfo
	// DeleteTime is set on a deleted source whose id is still reserved.
	DeleteTime time.Time
	// GroupFound is the group of the organization, where the credential check
	// learned it.
	GroupFound string
	// Revision counts the registry's changes; it is what the etag says.
	Revision uint64
}

// ID is the source's id.
func (r SourceRecord) ID() string { return r.Source.GetId() }

// Deleted says that the source is deleted and only its id is kept.
func (r SourceRecord) Deleted() bool { return !r.DeleteTime.IsZero() }

// Feeds are the feeds that the source reads.
func (r SourceRecord) Feeds() []Feed {
	if org := r.Source.GetSnyk().GetOrganizationId(); org != "" {
		return []Feed{{Scope: ScopeOrg, ID: org}}
	}
	return nil
}

// Lanes are the kinds of record that the source reads of each feed.
func (r SourceRecord) Lanes() []LaneKind {
	if r.Source.GetSnyk().GetIncludeApiAccess() {
		return []LaneKind{LaneDefault, LaneAPIAccess}
	}
	return []LaneKind{LaneDefault}
}

// GroupID is the group of the source's organization, empty where not known.
func (r SourceRecord) GroupID() string {
	if id := r.Source.GetSnyk().GetGroupId(); id != "" {
		return id
	}
	return r.GroupFound
}

// PollInterval is the time between two polls of a feed.
func (r SourceRecord) PollInterval() time.Duration {
	if d := r.Source.GetSnyk().GetPollInterval(); d != nil {
		return d.AsDuration()
	}
	return DefaultPollInterval
}
