package telemetry

import (
	"net/http"
	"sync/atomic"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// The labels. Every one is bounded: by the configuration, or by the list here.
const (
	labelSource = "source"
	labelFeed   = "feed"
	labelState  = "state"
	labelOrigin = "origin"
	labelReason = "reason"
	labelResult = "result"
)

// labelMeanings documents what the labels can be.
var labelMeanings = map[string]string{
	labelSource: "A source's id: as many as are configured. Series of a deleted source go with it.",
	labelFeed:   "`org/<organization id>` or `group/<group id>`: those that the source reads, with all_organizations as many as the group has.",
	labelState:  "A SourceState without its prefix: `HEALTHY`, `LAGGING`, `AUTH_FAILED` ...",
	labelOrigin: "An Origin without its prefix: `LIVE`, `BACKFILL`, `LATE`, `IMPORT`.",
	labelReason: "Of a failed poll, an ErrorReason (docs/errors.md); of a gap, why: `SNYK_RETENTION`, `JOURNAL_LOSS`, `RETENTION_PASSED`.",
	labelResult: "Of a request to Snyk: `ok`, `unavailable`, `rate_limited`, `unauthenticated`, `forbidden`, `not_found`, `bad_request`, " +
		"`gone`, `bad_answer`, `foreign_link`, `canceled`, `failed`. Of an append: `ok`, `fenced` (another writer was first), " +
		"`unknown` (it may be stored), `canceled`, `failed`.",
	"version":   "The server's version.",
	"revision":  "The commit it was built from.",
	"goversion": "The Go it was built with.",
}

// Metrics are all metrics of a server, on a registry of their own.
type Metrics struct {
	// GRPC counts and times the calls.
	GRPC *grpcprom.ServerMetrics

	registry *prometheus.Registry
	// reference has every definition, for the documentation.
	reference []definition

	snykRequests  *prometheus.CounterVec
	snykDuration  prometheus.Histogram
	eventsStored  *prometheus.CounterVec
	pollFailures  *prometheus.CounterVec
	appends       *prometheus.CounterVec
	appendSeconds prometheus.Histogram
	gaps          *prometheus.CounterVec
	streamsOpen   prometheus.Gauge
	refused       prometheus.Counter
	eventsSent    prometheus.Counter

	status statusDescs
	// statuses tells how the sources are doing; nil before Observe.
	statuses atomic.Pointer[func() []*snykstreamv1.Source]
}

// statusDescs are the metrics that are read from the sources' status.
type statusDescs struct {
	state, alarm, asked, expiry     *prometheus.Desc
	covered, lastEvent, lastSuccess *prometheus.Desc
	late, rewritten, unreadable     *prometheus.Desc
	interval, overlap, lost         *prometheus.Desc
}

// NewMetrics makes the metrics, those of the process and of Go among them.
func NewMetrics() *Metrics {
	m := &Metrics{GRPC: grpcprom.NewServerMetrics(), registry: prometheus.NewRegistry()}
	d := definer{m}

	m.snykRequests = d.counterVec("snykstream_snyk_requests_total",
		"Requests to Snyk's API for records and names, by result.", labelResult)
	m.snykDuration = d.histogram("snykstream_snyk_request_duration_seconds",
		"Time from asking Snyk's API to its answer, waiting for the credential's turn included.",
		0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
	m.eventsStored = d.counterVec("snykstream_events_stored_total",
		"Events stored since the server started.", labelSource, labelOrigin)
	m.pollFailures = d.counterVec("snykstream_feed_poll_failures_total",
		"Failed tries to read a source's feeds. They are tried again.", labelSource, labelReason)
	m.appends = d.counterVec("snykstream_journal_appends_total",
		"Pages that were to be stored in the journal, by result.", labelResult)
	m.appendSeconds = d.histogram("snykstream_journal_append_duration_seconds",
		"Time to store a page of events durably.",
		0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
	m.gaps = d.counterVec("snykstream_journal_gaps_total",
		"Losses: those that collectors recorded, and missing entries met by readers (each reader counts its own).", labelReason)
	m.streamsOpen = d.gauge("snykstream_streams_open", "Streams of events that are open.")
	m.refused = d.counter("snykstream_streams_refused_total",
		"Streams that were not opened, since their caller had as many as --max-streams-per-caller.")
	m.eventsSent = d.counter("snykstream_stream_events_sent_total", "Events sent to subscribers.")

	m.status = statusDescs{
		state: d.desc(kindGauge, "snykstream_source_state",
			"1 for the state that the source is in, 0 for every other.", labelSource, labelState),
		alarm: d.desc(kindGauge, "snykstream_drop_off_alarm",
			"1 while no event came for longer than the source's drop-off threshold, else 0.", labelSource),
		asked: d.desc(kindGauge, "snykstream_source_poll_interval_seconds",
			"The time between two polls of a feed that the source asks for.", labelSource),
		expiry: d.desc(kindGauge, "snykstream_credential_expiry_timestamp_seconds",
			"When the source's credentials end, where that is known.", labelSource),
		covered: d.desc(kindGauge, "snykstream_feed_covered_through_timestamp_seconds",
			"The end of the proven coverage: every event that Snyk showed up to here is stored.", labelSource, labelFeed),
		lastEvent: d.desc(kindGauge, "snykstream_feed_last_event_timestamp_seconds",
			"The newest event's time.", labelSource, labelFeed),
		lastSuccess: d.desc(kindGauge, "snykstream_feed_last_success_timestamp_seconds",
			"When a poll last read the feed to its end.", labelSource, labelFeed),
		late: d.desc(kindCounter, "snykstream_late_events_total",
			"Events found by reading time again that was covered already. Kept with the feed, over restarts.", labelSource, labelFeed),
		rewritten: d.desc(kindCounter, "snykstream_rewritten_records_total",
			"Stored records that Snyk later showed with other content. Kept with the feed, over restarts.", labelSource, labelFeed),
		unreadable: d.desc(kindCounter, "snykstream_unreadable_records_total",
			"Records stored raw, since they could not be read. Kept with the feed, over restarts.", labelSource, labelFeed),
		interval: d.desc(kindGauge, "snykstream_feed_poll_interval_seconds",
			"The time between two polls now. It exceeds snykstream_source_poll_interval_seconds where the feeds of one credential need more than its share of Snyk's limits.",
			labelSource, labelFeed),
		overlap: d.desc(kindGauge, "snykstream_feed_overlap_seconds",
			"How much of the time already read every poll reads again. It follows the lateness seen.", labelSource, labelFeed),
		lost: d.desc(kindCounter, "snykstream_feed_lost_seconds_total",
			"How much time's records Snyk dropped before they were read. Kept with the feed, over restarts.", labelSource, labelFeed),
	}
	m.registry.MustRegister(
		m.GRPC, statusCollector{m}, d.buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Observe has the metrics of the sources' status read through statuses whenever
// they are asked for: every source that is not deleted, with its id and status.
func (m *Metrics) Observe(statuses func() []*snykstreamv1.Source) { m.statuses.Store(&statuses) }

// SnykRequest counts a request to Snyk's API, the time it took and what came of
// it: nil or an error of audit.Snyk's.
func (m *Metrics) SnykRequest(err error, took time.Duration) {
	m.snykRequests.WithLabelValues(snykResult(err)).Inc()
	m.snykDuration.Observe(took.Seconds())
}

// Appended counts an append to the journal, the time it took and what came of it.
func (m *Metrics) Appended(page audit.Page, err error, took time.Duration) {
	m.appends.WithLabelValues(appendResult(err)).Inc()
	m.appendSeconds.Observe(took.Seconds())
	if err != nil {
		return
	}
	for _, record := range page.Records {
		m.eventsStored.WithLabelValues(page.SourceID, shortName(record.Event.GetOrigin())).Inc()
	}
	m.Gaps(page.Gaps)
}

// Gaps counts losses.
func (m *Metrics) Gaps(gaps []*snykstreamv1.Gap) {
	for _, gap := range gaps {
		m.gaps.WithLabelValues(gap.GetReason()).Inc()
	}
}

// PollFailed counts a try to read a source's feed that failed.
func (m *Metrics) PollFailed(sourceID string, reason snykstreamv1.ErrorReason) {
	m.pollFailures.WithLabelValues(sourceID, audit.ReasonName(reason)).Inc()
}

// Forget drops the series of a deleted source.
func (m *Metrics) Forget(sourceID string) {
	m.eventsStored.DeletePartialMatch(prometheus.Labels{labelSource: sourceID})
	m.pollFailures.DeletePartialMatch(prometheus.Labels{labelSource: sourceID})
}

// StreamOpened counts a stream that began.
func (m *Metrics) StreamOpened() { m.streamsOpen.Inc() }

// StreamClosed counts a stream that ended.
func (m *Metrics) StreamClosed() { m.streamsOpen.Dec() }

// StreamRefused counts a stream of a caller who has as many as one may have.
func (m *Metrics) StreamRefused() { m.refused.Inc() }

// EventsSent counts events sent.
func (m *Metrics) EventsSent(n int) { m.eventsSent.Add(float64(n)) }
