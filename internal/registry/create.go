package registry

import (
	"context"
	"errors"
	"regexp"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/snykstream/snykstream/internal/audit"
)

// validID keeps ids clear of what means something in a bucket's keys.
var validID = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// tries bounds how often a write that lost a race to another is made again.
const tries = 4

// Create stores a source, with its credential unless that is empty. The
// registry sets the times, the etag and, where it is not set, what is shown of the
// credential.
//
// The id of a deleted source is reserved while its events are kept: until then
// only the same organization and group may have it again, which goes on with the
// feed. A group that either side does not know is taken for the same: an
// organization has one.
//
// Errors: KindInvalid for an id that cannot be one; KindExists with reason SOURCE_EXISTS or SOURCE_ID_IN_USE,
// KindUnavailable, after which the source may be there.
func (r *Registry) Create(ctx context.Context, rec audit.SourceRecord, cred audit.Credential) (audit.SourceRecord, error) {
	if !validID.MatchString(rec.ID()) {
		return audit.SourceRecord{}, audit.Invalid(audit.FieldProblem{
			Field: "source_id", Description: "must be a lower-case letter, then letters, digits and hyphens, at most 63 characters",
		})
	}
	var err error
	for range tries {
		var over uint64
		if over, err = r.vacancy(ctx, rec); err != nil {
			return audit.SourceRecord{}, err
		}
		now := timestamppb.New(r.now())
		rec.Source = proto.CloneOf(rec.Source)
		rec.Source.CreateTime, rec.Source.UpdateTime = now, now
		rec.DeleteTime = time.Time{}
		var created audit.SourceRecord
		if created, err = r.store(ctx, rec, &cred, over); !errors.Is(err, errConflict) {
			return created, err
		}
	}
	return audit.SourceRecord{}, unavailable(ctx, "create the source", err)
}

// Vacant says whether Create would find the record's id free now. Errors: as
// Create's.
func (r *Registry) Vacant(ctx context.Context, rec audit.SourceRecord) error {
	_, err := r.vacancy(ctx, rec)
	return err
}

// vacancy is the revision that a new source may be written over: 0 where the id
// was never used or has been cleared, a deleted source's where that one may be
// replaced.
func (r *Registry) vacancy(ctx context.Context, rec audit.SourceRecord) (uint64, error) {
	have, err := r.find(ctx, rec.ID())
	switch {
	case audit.IsKind(err, audit.KindNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case !have.Deleted():
		return 0, exists(rec.ID())
	case r.expired(have) || sameFeed(have, rec):
		return have.Revision, nil
	}
	return 0, idInUse(rec.ID(), r.reservedUntil(have))
}

func (r *Registry) reservedUntil(deleted audit.SourceRecord) time.Time {
	return deleted.DeleteTime.Add(r.retention)
}

// expired says that a deleted source's last events are gone.
func (r *Registry) expired(rec audit.SourceRecord) bool {
	return rec.Deleted() && !r.now().Before(r.reservedUntil(rec))
}

// sameFeed says that b reads what a read, and so may go on with its events.
func sameFeed(a, b audit.SourceRecord) bool {
	if a.Source.GetSnyk().GetOrganizationId() != b.Source.GetSnyk().GetOrganizationId() {
		return false
	}
	return a.GroupID() == b.GroupID() || a.GroupID() == "" || b.GroupID() == ""
}
