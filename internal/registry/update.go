package registry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/snykstream/snykstream/internal/audit"
)

// Update replaces a source that Get returned: rec.Revision says which state of
// it the change is based on. With cred, the credential is replaced too (an empty
// one: taken away), and the old one erased once the new one is in use. Without,
// the stored one stays.
//
// Errors: KindNotFound; KindAborted with reason ETAG_MISMATCH if the source
// changed since rec.Revision; KindUnavailable, after which the change may be made.
func (r *Registry) Update(ctx context.Context, rec audit.SourceRecord, cred *audit.Credential) (audit.SourceRecord, error) {
	have, err := r.Get(ctx, rec.ID())
	if err != nil {
		return audit.SourceRecord{}, err
	}
	if have.Revision != rec.Revision {
		return audit.SourceRecord{}, etagMismatch(rec.ID())
	}
	rec.Source = proto.CloneOf(rec.Source)
	rec.Source.CreateTime = have.Source.GetCreateTime()
	rec.Source.UpdateTime = timestamppb.New(r.now())
	rec.CredentialRef, rec.DeleteTime = have.CredentialRef, time.Time{}
	updated, err := r.store(ctx, rec, cred, have.Revision)
	if errors.Is(err, errConflict) {
		return audit.SourceRecord{}, etagMismatch(rec.ID())
	}
	if err != nil {
		return audit.SourceRecord{}, err
	}
	if have.CredentialRef != updated.CredentialRef {
		r.discard(ctx, rec.ID(), have.CredentialRef)
	}
	return updated, nil
}

// Delete stops a source: its record is marked, its credential erased at once, and
// its id reserved for as long as its events are kept. It returns the source as it
// was. Where etag is not empty it must be the source's.
//
// Errors: KindNotFound, KindAborted with reason ETAG_MISMATCH, KindUnavailable,
// after which the source may be deleted. A credential that cannot be erased just
// now is useless to the service already and erased by Run.
func (r *Registry) Delete(ctx context.Context, id, wantEtag string) (audit.SourceRecord, error) {
	var err error
	for range tries {
		var have audit.SourceRecord
		if have, err = r.Get(ctx, id); err != nil {
			return audit.SourceRecord{}, err
		}
		if wantEtag != "" && wantEtag != have.Source.GetEtag() {
			return audit.SourceRecord{}, etagMismatch(id)
		}
		gone := have
		gone.CredentialRef, gone.Credential, gone.DeleteTime = "", nil, r.now()
		if _, err = r.commit(ctx, gone, have.Revision); err == nil {
			r.discard(ctx, id, have.CredentialRef)
			return have, nil
		}
		if !errors.Is(err, errConflict) {
			return audit.SourceRecord{}, err
		}
	}
	return audit.SourceRecord{}, unavailable(ctx, "delete the source", err)
}

// store writes a record over a revision, after the credential that it shall name
// (nil: the one it names). It fails with errConflict if another revision is there;
// the credential is erased again then.
func (r *Registry) store(ctx context.Context, rec audit.SourceRecord, cred *audit.Credential, over uint64) (audit.SourceRecord, error) {
	if cred == nil {
		return r.commit(ctx, rec, over)
	}
	ref, err := r.putCredential(ctx, rec.ID(), *cred)
	if err != nil {
		return audit.SourceRecord{}, err
	}
	rec.CredentialRef = ref
	switch {
	case cred.Empty():
		rec.Credential = nil
	case rec.Credential == nil:
		rec.Credential = cred.Info()
	}
	out, err := r.commit(ctx, rec, over)
	if errors.Is(err, errConflict) {
		// After any other error the record may name it: Run will find out.
		r.discard(ctx, rec.ID(), ref)
	}
	return out, err
}

// commit writes a record over a revision. It fails with errConflict if another
// one is there, and with KindUnavailable when it is not known what is.
func (r *Registry) commit(ctx context.Context, rec audit.SourceRecord, over uint64) (audit.SourceRecord, error) {
	value, err := encodeRecord(rec)
	if err != nil {
		return audit.SourceRecord{}, err
	}
	revision, err := r.sources.put(ctx, rec.ID(), value, over)
	if err != nil {
		// It may be written all the same, the answer alone lost.
		have, getErr := r.sources.get(ctx, rec.ID())
		written := getErr == nil && have.revision > over && bytes.Equal(have.value, value)
		switch {
		case written:
			revision = have.revision
		case errors.Is(err, errConflict):
			return audit.SourceRecord{}, err
		default:
			return audit.SourceRecord{}, unavailable(ctx, "write the source", err)
		}
	}
	out, err := decodeRecord(item{key: rec.ID(), value: value, revision: revision})
	if err != nil {
		return audit.SourceRecord{}, err
	}
	r.cache.put(out)
	r.log.DebugContext(ctx, "source written", slog.String("source", rec.ID()), slog.Uint64("revision", revision))
	return out, nil
}
