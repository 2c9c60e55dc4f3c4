package grpcapi

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// CreateSource implements snykstreamv1.SourceServiceServer.
func (s *SourceService) CreateSource(ctx context.Context, r *snykstreamv1.CreateSourceRequest) (*snykstreamv1.CreateSourceResponse, error) {
	rec := audit.SourceRecord{Source: configured(r.GetSourceId(), r.GetSource())}
	// Create has the last word on the id; this spares Snyk the question, and
	// answers validate_only.
	if err := s.vacancies.Vacant(ctx, rec); err != nil {
		return nil, err
	}
	cred := credentialOf(r.GetCredentials())
	report, err := s.prove(ctx, rec.Source.GetSnyk(), cred)
	if err != nil && (!r.GetAllowUnverified() || !aboutCredentials(err)) {
		return nil, err
	}
	rec = learn(rec, cred, report)
	if r.GetValidateOnly() {
		return &snykstreamv1.CreateSourceResponse{Source: s.show(rec)}, nil
	}
	stored, err := s.sources.Create(ctx, rec, cred)
	if err != nil {
		return nil, err
	}
	s.fence(ctx, stored.ID(), "create")
	s.log.InfoContext(ctx, "source created", "source_id", stored.ID(), "verified", report.GetValid())
	return &snykstreamv1.CreateSourceResponse{Source: s.show(stored)}, nil
}

// configured is what of a caller's source is configuration. Snyk writes its ids
// in lower case, so that is how they are kept.
func configured(id string, source *snykstreamv1.Source) *snykstreamv1.Source {
	return proto.CloneOf(&snykstreamv1.Source{
		Id: id, DisplayName: source.GetDisplayName(), Labels: source.GetLabels(), Snyk: lowered(source.GetSnyk()),
		Paused: source.Paused, DropOffAlarm: source.GetDropOffAlarm(),
	})
}

func lowered(config *snykstreamv1.SnykConfig) *snykstreamv1.SnykConfig {
	out := proto.CloneOf(config)
	out.OrganizationId = strings.ToLower(out.GetOrganizationId())
	out.GroupId = strings.ToLower(out.GetGroupId())
	return out
}
