package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// statusCollector reads the sources' status when the metrics are asked for, so
// that they say what GetSource says, and nothing of sources that are gone.
type statusCollector struct{ metrics *Metrics }

// Describe implements prometheus.Collector.
func (c statusCollector) Describe(out chan<- *prometheus.Desc) {
	d := c.metrics.status
	for _, desc := range []*prometheus.Desc{
		d.state, d.alarm, d.asked, d.expiry, d.covered, d.lastEvent, d.lastSuccess,
		d.late, d.rewritten, d.unreadable, d.interval, d.overlap, d.lost,
	} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c statusCollector) Collect(out chan<- prometheus.Metric) {
	statuses := c.metrics.statuses.Load()
	if statuses == nil {
		return
	}
	for _, source := range (*statuses)() {
		span(out, prometheus.GaugeValue, c.metrics.status.asked, source.GetSnyk().GetPollInterval(), source.GetId())
		c.source(out, source.GetId(), source.GetStatus())
	}
}

func (c statusCollector) source(out chan<- prometheus.Metric, id string, status *snykstreamv1.SourceStatus) {
	d := c.metrics.status
	for _, state := range states() {
		out <- gauge(d.state, bit(status.GetState() == state), id, shortName(state))
	}
	out <- gauge(d.alarm, bit(status.GetDropOff() == snykstreamv1.AlarmState_ALARM_STATE_ALARM), id)
	moment(out, d.expiry, status.GetCredential().GetExpireTime(), id)
	for _, feed := range status.GetFeeds() {
		moment(out, d.covered, feed.GetCoveredThrough(), id, feed.GetFeed())
		moment(out, d.lastEvent, feed.GetLastEventTime(), id, feed.GetFeed())
		moment(out, d.lastSuccess, feed.GetLastSuccessTime(), id, feed.GetFeed())
		out <- counter(d.late, feed.GetLateEvents(), id, feed.GetFeed())
		out <- counter(d.rewritten, feed.GetRewrittenEvents(), id, feed.GetFeed())
		out <- counter(d.unreadable, feed.GetUnreadableEvents(), id, feed.GetFeed())
		span(out, prometheus.GaugeValue, d.interval, feed.GetPollInterval(), id, feed.GetFeed())
		span(out, prometheus.GaugeValue, d.overlap, feed.GetOverlap(), id, feed.GetFeed())
		span(out, prometheus.CounterValue, d.lost, feed.GetLostTime(), id, feed.GetFeed())
	}
}

// moment leaves a time that is not known out: 0 would be 1970.
func moment(out chan<- prometheus.Metric, desc *prometheus.Desc, at *timestamppb.Timestamp, labels ...string) {
	if at != nil {
		out <- gauge(desc, float64(at.AsTime().UnixMilli())/1000, labels...)
	}
}

// span leaves a duration that is not known out.
func span(out chan<- prometheus.Metric, kind prometheus.ValueType, desc *prometheus.Desc, d *durationpb.Duration, labels ...string) {
	if d != nil {
		out <- prometheus.MustNewConstMetric(desc, kind, d.AsDuration().Seconds(), labels...)
	}
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func counter(desc *prometheus.Desc, value uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
}

func bit(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
