package audit

import (
	"slices"
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

// LogTypes are the logs that the source reads: those asked for, or else those
// that what is named has.
func (r SourceRecord) LogTypes() []snykstreamv1.LogType {
	config := r.Source.GetSnyk()
	if asked := config.GetLogTypes(); len(asked) > 0 {
		return asked
	}
	var types []snykstreamv1.LogType
	if config.GetOrganizationId() != "" || config.GetAllOrganizations() {
		types = append(types, snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT)
	}
	if config.GetGroupId() != "" {
		types = append(types, snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT)
	}
	return types
}

func (r SourceRecord) reads(log snykstreamv1.LogType) bool { return slices.Contains(r.LogTypes(), log) }

// Feeds are the feeds that the source reads by name. The organizations found in
// its group come to them: see AllOrganizations.
func (r SourceRecord) Feeds() []Feed {
	var feeds []Feed
	if r.ReadsGroup() && r.GroupID() != "" {
		feeds = append(feeds, Feed{Scope: ScopeGroup, ID: r.GroupID()})
	}
	if org := r.Source.GetSnyk().GetOrganizationId(); org != "" && r.reads(snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT) {
		feeds = append(feeds, Feed{Scope: ScopeOrg, ID: org})
	}
	return feeds
}

// ReadsGroup says that the source reads its group's log.
func (r SourceRecord) ReadsGroup() bool {
	return r.reads(snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT)
}

// AllOrganizations says that the source reads the logs of all organizations of
// its group.
func (r SourceRecord) AllOrganizations() bool {
	return r.Source.GetSnyk().GetAllOrganizations() && r.reads(snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT)
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
