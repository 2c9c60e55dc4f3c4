package telemetry_test

import (
	"github.com/snykstream/snykstream/internal/collect"
	"github.com/snykstream/snykstream/internal/grpcapi"
	"github.com/snykstream/snykstream/internal/health"
	"github.com/snykstream/snykstream/internal/journal"
	"github.com/snykstream/snykstream/internal/snyk"
	"github.com/snykstream/snykstream/internal/telemetry"
)

// The meters fit between those who speak through them.
var (
	_ collect.Journal       = (*telemetry.MeteredJournal)(nil)
	_ collect.Snyk          = (*telemetry.MeteredSnyk)(nil)
	_ collect.Board         = (*telemetry.MeteredBoard)(nil)
	_ grpcapi.EntryReader   = (*telemetry.MeteredReader)(nil)
	_ grpcapi.StreamMetrics = (*telemetry.Metrics)(nil)
	_ grpcapi.Refusals      = (*telemetry.Metrics)(nil)
	_ telemetry.Journal     = (*journal.Journal)(nil)
	_ telemetry.Snyk        = (*snyk.Client)(nil)
	_ telemetry.Board       = (*health.Board)(nil)
	_ telemetry.EntryReader = (*journal.Reader)(nil)
)
