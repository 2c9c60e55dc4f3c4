// Package telemetry is how a server tells of itself: its log and its metrics.
//
// Every metric is defined in metrics.go, and docs/metrics.md is written from
// those definitions (go test ./internal/telemetry -update). The rooms know nothing
// of Prometheus: meters.go has what stands between two of them and counts, and
// status.go reads the state of the sources when it is asked for.
package telemetry
