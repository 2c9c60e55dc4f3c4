package grpcapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// updateTries is how often an update starts again when others change the source
// at the same time.
const updateTries = 10

// UpdateSource implements snykstreamv1.SourceServiceServer. A caller who sends an
// etag hears of concurrent changes; for others the update is made on top of them.
func (s *SourceService) UpdateSource(ctx context.Context, r *snykstreamv1.UpdateSourceRequest) (*snykstreamv1.UpdateSourceResponse, error) {
	rec, err := s.update(ctx, r)
	for range updateTries - 1 {
		if r.GetSource().GetEtag() != "" || !audit.IsKind(err, audit.KindAborted) {
			break
		}
		rec, err = s.update(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return &snykstreamv1.UpdateSourceResponse{Source: s.show(rec)}, nil
}

// update makes the change once, on the source as it is now.
func (s *SourceService) update(ctx context.Context, r *snykstreamv1.UpdateSourceRequest) (audit.SourceRecord, error) {
	was, err := s.get(ctx, r.GetSource().GetId())
	if err != nil {
		return was, err
	}
	if etag := r.GetSource().GetEtag(); etag != "" && etag != was.Source.GetEtag() {
		return was, etagMismatch()
	}
	next := was
	if next.Source, err = changed(was, r); err != nil {
		return was, err
	}
	next, cred, err := s.proven(ctx, was, next, r)
	if err != nil {
		return was, err
	}
	if cred == nil && proto.Equal(was.Source, next.Source) {
		return was, nil
	}
	stored, err := s.sources.Update(ctx, next, cred)
	if err != nil {
		return was, err
	}
	if reason := collectionChange(was.Source, stored.Source, cred != nil); reason != "" {
		s.fence(ctx, stored.ID(), reason)
	}
	s.log.InfoContext(ctx, "source updated", "source_id", stored.ID(), "credentials_replaced", cred != nil)
	return stored, nil
}

// proven asks Snyk about what is new of the source: credentials, which it returns
// with what was learned of them, or a group.
func (s *SourceService) proven(
	ctx context.Context, was, next audit.SourceRecord, r *snykstreamv1.UpdateSourceRequest,
) (audit.SourceRecord, *audit.Credential, error) {
	switch {
	case r.GetCredentials() != nil:
		given := credentialOf(r.GetCredentials())
		report, err := s.prove(ctx, next.Source.GetSnyk(), given)
		if err != nil && (!r.GetAllowUnverified() || !aboutCredentials(err)) {
			return next, nil, err
		}
		return learn(next, given, report), &given, nil
	case was.GroupID() == "" && next.GroupID() != "" && !r.GetAllowUnverified():
		return next, nil, s.proveGroup(ctx, was, next.Source.GetSnyk())
	}
	return next, nil, nil
}

// changed is the source with the request's changes, held to the rules that a
// patch alone cannot be held to.
func changed(was audit.SourceRecord, r *snykstreamv1.UpdateSourceRequest) (*snykstreamv1.Source, error) {
	next := patch(was.Source, r)
	nameGroup(next, r)
	problems := immutableProblems(was, r)
	problems = append(problems, requiredProblems("source", next)...)
	if len(problems) > 0 {
		return nil, audit.Invalid(problems...)
	}
	return next, nil
}

// collectionChange names what of a change concerns the collector: nothing where
// it is about names, labels and alarms.
func collectionChange(was, is *snykstreamv1.Source, credentials bool) string {
	switch {
	case was.GetPaused() && !is.GetPaused():
		return "resume"
	case !was.GetPaused() && is.GetPaused():
		return "pause"
	case credentials, !proto.Equal(was.GetSnyk(), is.GetSnyk()):
		return "update"
	}
	return ""
}

func etagMismatch() *audit.Error {
	return &audit.Error{
		Kind: audit.KindAborted, Reason: snykstreamv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
		Message: "the source changed since the etag was read: read it again",
	}
}
