package registry

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// etag is a revision as callers see it.
func etag(revision uint64) string { return "r" + strconv.FormatUint(revision, 36) }

// encodeRecord leaves out what the bucket itself tells (revision, etag) and what
// others know (status).
func encodeRecord(rec audit.SourceRecord) ([]byte, error) {
	source := proto.CloneOf(rec.Source)
	source.Etag = ""
	source.Status = nil
	out := &stored.Source{
		Source: source, CredentialRef: rec.CredentialRef, Credential: rec.Credential, GroupFound: rec.GroupFound,
	}
	if rec.Deleted() {
		out.DeleteTime = timestamppb.New(rec.DeleteTime)
	}
	value, err := proto.Marshal(out)
	if err != nil {
		return nil, internal(fmt.Errorf("encode source %q: %w", rec.ID(), err))
	}
	return value, nil
}

func decodeRecord(it item) (audit.SourceRecord, error) {
	in := new(stored.Source)
	if err := proto.Unmarshal(it.value, in); err != nil {
		return audit.SourceRecord{}, internal(fmt.Errorf("decode source %q: %w", it.key, err))
	}
	if id := in.GetSource().GetId(); id != it.key {
		return audit.SourceRecord{}, internal(fmt.Errorf("the record of source %q says it is %q", it.key, id))
	}
	rec := audit.SourceRecord{
		Source: in.GetSource(), CredentialRef: in.GetCredentialRef(), Credential: in.GetCredential(),
		GroupFound: in.GetGroupFound(), Revision: it.revision,
	}
	rec.Source.Etag = etag(it.revision)
	if in.GetDeleteTime() != nil {
		rec.DeleteTime = in.GetDeleteTime().AsTime()
	}
	return rec, nil
}
