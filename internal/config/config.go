package config

import (
	"log/slog"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Defaults and bounds.
const (
	DefaultListen      = "127.0.0.1:7443"
	DefaultAdminListen = "127.0.0.1:7480"
	DefaultDataDir     = "./snykstream-data"
	DefaultRetention   = 90 * day
	// DefaultMaxStreamsPerCaller is more than any program that reads needs, and few
	// enough for the memory of a small server.
	DefaultMaxStreamsPerCaller = 1024
	// MaxMaxStreamsPerCaller is as good as no limit.
	MaxMaxStreamsPerCaller = 1_000_000
	// DefaultMaxConnectionAge spreads callers over new replicas within the hour.
	DefaultMaxConnectionAge = time.Hour
	// MinConnectionAge keeps callers from reconnecting all the time.
	MinConnectionAge = time.Minute
	// MinRetention leaves the daily sweep room to recognise what it reads again.
	MinRetention = 2 * day

	day = 24 * time.Hour
)

// The log formats.
const (
	LogText = "text"
	LogJSON = "json"
)

// Config is every setting of the server, read and checked.
type Config struct {
	// Listen is the address of the gRPC services.
	Listen string
	// AdminListen is the address of /metrics, /livez, /readyz and pprof, always in
	// plaintext.
	AdminListen string
	// DataDir is the folder of the embedded engine.
	DataDir string
	// SnykEndpoints replaces the base URL of regions, without a slash at the end.
	SnykEndpoints map[snykstreamv1.Region]string
	// SnykBudget is the share of Snyk's limits that the requests of one credential
	// may use: above 0, up to 1.
	SnykBudget float64
	// SealingKeyFile holds the keys that seal credentials. Empty: one in DataDir,
	// made at the first start.
	SealingKeyFile string
	// TLSCert and TLSKey are PEM files. Both or none; none means plaintext.
	TLSCert, TLSKey string
	// TLSClientCA is a PEM file: callers need a certificate that it signed. Empty:
	// they need none.
	TLSClientCA string
	// MaxStreamsPerCaller is how many streams one caller may have under way.
	MaxStreamsPerCaller int
	// MaxConnectionAge is how long a caller's connection lives at most. Zero: without
	// end.
	MaxConnectionAge time.Duration
	// Insecure allows plaintext on addresses that are not loopback.
	Insecure bool
	// Retention is how long events are kept, from when they were stored.
	Retention time.Duration
	// LogFormat is LogText or LogJSON.
	LogFormat string
	// LogLevel is the lowest level that is logged.
	LogLevel slog.Level
}
