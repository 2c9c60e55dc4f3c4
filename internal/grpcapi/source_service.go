package grpcapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// fenceTimeout is how long a caller waits for the fence after a change.
const fenceTimeout = 5 * time.Second

// SourceConfig is what SourceService is made of. All of it is required.
type SourceConfig struct {
	Sources   Sources
	Vacancies Vacancies
	Vault     Vault
	Checker   Checker
	Statuses  Statuses
	Ledgers   Ledgers
	Fencer    Fencer
	Log       *slog.Logger
}

// SourceService implements snykstreamv1.SourceServiceServer. Its requests are
// valid: see Validator.
type SourceService struct {
	// Methods that this release does not build.
	snykstreamv1.UnimplementedSourceServiceServer

	sources   Sources
	vacancies Vacancies
	vault     Vault
	checker   Checker
	statuses  Statuses
	ledgers   Ledgers
	fencer    Fencer
	log       *slog.Logger
}

// NewSourceService makes a SourceService.
func NewSourceService(cfg SourceConfig) (*SourceService, error) {
	if cfg.Sources == nil || cfg.Vacancies == nil || cfg.Vault == nil || cfg.Checker == nil ||
		cfg.Statuses == nil || cfg.Ledgers == nil || cfg.Fencer == nil || cfg.Log == nil {
		return nil, errors.New("the source service needs every part of its configuration")
	}
	return &SourceService{
		sources: cfg.Sources, vacancies: cfg.Vacancies, vault: cfg.Vault, checker: cfg.Checker,
		statuses: cfg.Statuses, ledgers: cfg.Ledgers, fencer: cfg.Fencer, log: cfg.Log,
	}, nil
}

// GetSource implements snykstreamv1.SourceServiceServer.
func (s *SourceService) GetSource(ctx context.Context, r *snykstreamv1.GetSourceRequest) (*snykstreamv1.GetSourceResponse, error) {
	rec, err := s.get(ctx, r.GetSourceId())
	if err != nil {
		return nil, err
	}
	return &snykstreamv1.GetSourceResponse{Source: s.show(rec)}, nil
}

// DeleteSource implements snykstreamv1.SourceServiceServer.
func (s *SourceService) DeleteSource(ctx context.Context, r *snykstreamv1.DeleteSourceRequest) (*snykstreamv1.DeleteSourceResponse, error) {
	was, err := s.get(ctx, r.GetSourceId())
	if err != nil {
		return nil, err
	}
	status := s.statuses.Status(was) // afterwards nobody knows it any more
	deleted, err := s.sources.Delete(ctx, r.GetSourceId(), r.GetEtag())
	if err != nil {
		return nil, err
	}
	s.fence(ctx, r.GetSourceId(), "delete")
	s.log.InfoContext(ctx, "source deleted", "source_id", r.GetSourceId())
	return &snykstreamv1.DeleteSourceResponse{Source: withStatus(deleted, status)}, nil
}

// get returns a source that is there. An id that cannot be one is not asked for.
func (s *SourceService) get(ctx context.Context, id string) (audit.SourceRecord, error) {
	if !sourceID.MatchString(id) {
		return audit.SourceRecord{}, noSource()
	}
	return s.sources.Get(ctx, id)
}

// show is the source as callers see it.
func (s *SourceService) show(rec audit.SourceRecord) *snykstreamv1.Source {
	return withStatus(rec, s.statuses.Status(rec))
}

func withStatus(rec audit.SourceRecord, status *snykstreamv1.SourceStatus) *snykstreamv1.Source {
	out := proto.CloneOf(rec.Source) // the record may be everybody's
	out.Status = status
	return out
}

// fence stops whoever still collects with the older configuration. The change is
// stored by now and its watchers act on it, so the caller hears of success
// whatever comes of this, and hanging up does not stop it.
func (s *SourceService) fence(ctx context.Context, id, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fenceTimeout)
	defer cancel()
	if err := s.fencer.Fence(ctx, id, reason); err != nil {
		s.log.WarnContext(ctx, "source changed, but its collector was not fenced", "source_id", id, "reason", reason, "error", err)
	}
}
