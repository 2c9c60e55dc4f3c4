package telemetry

import (
	"cmp"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// The kinds of metric.
const (
	kindCounter   = "counter"
	kindGauge     = "gauge"
	kindHistogram = "histogram"
)

// definition is a metric as the documentation shows it.
type definition struct {
	name, kind, help string
	labels           []string
}

// definer makes metrics, registers them and takes note of their definitions.
type definer struct{ metrics *Metrics }

func (d definer) note(kind, name, help string, labels []string) {
	d.metrics.reference = append(d.metrics.reference, definition{name: name, kind: kind, help: help, labels: labels})
}

func (d definer) counter(name, help string) prometheus.Counter {
	d.note(kindCounter, name, help, nil)
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	d.metrics.registry.MustRegister(c)
	return c
}

func (d definer) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	d.note(kindCounter, name, help, labels)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	d.metrics.registry.MustRegister(c)
	return c
}

func (d definer) gauge(name, help string) prometheus.Gauge {
	d.note(kindGauge, name, help, nil)
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	d.metrics.registry.MustRegister(g)
	return g
}

func (d definer) histogram(name, help string, buckets ...float64) prometheus.Histogram {
	d.note(kindHistogram, name, help, nil)
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	d.metrics.registry.MustRegister(h)
	return h
}

// desc is a metric whose values a collector finds when it is asked for them.
func (d definer) desc(kind, name, help string, labels ...string) *prometheus.Desc {
	d.note(kind, name, help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}

// buildInfo is a gauge of 1 that tells what is running.
func (d definer) buildInfo() prometheus.Collector {
	const name, help = "snykstream_build_info", "1, with the build in its labels."
	labels := prometheus.Labels{"version": "unknown", "revision": "unknown", "goversion": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["version"], labels["goversion"] = cmp.Or(info.Main.Version, "unknown"), info.GoVersion
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				labels["revision"] = setting.Value
			}
		}
	}
	d.note(kindGauge, name, help, []string{"version", "revision", "goversion"})
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
		func() float64 { return 1 })
}
