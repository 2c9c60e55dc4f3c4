package config

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// keyFile is the one key that the file itself cannot have.
const keyFile = "config"

// setting is one key: how it is shown, and how its value gets into a Config. read
// is given text, a bool, or what YAML made of a list or map.
type setting struct {
	key   string
	usage string
	// preset is the default as flags show it; empty means that there is none.
	preset string
	// list makes the flag repeatable, flag makes it one without a value.
	list, flag bool
	read       func(*Config, any) error
}

// env is the setting's environment variable.
func (s setting) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.key, "-", "_"))
}

// settings are all keys, in the order of the help text.
func settings() []setting {
	return []setting{
		{
			key: "listen", usage: "address of the gRPC services", preset: DefaultListen,
			read: text(func(c *Config) *string { return &c.Listen }),
		},
		{
			key: "admin-listen", usage: "address of /metrics, /livez, /readyz and pprof (plaintext)", preset: DefaultAdminListen,
			read: text(func(c *Config) *string { return &c.AdminListen }),
		},
		{
			key: "data-dir", usage: "folder of the embedded engine", preset: DefaultDataDir,
			read: text(func(c *Config) *string { return &c.DataDir }),
		},
		{
			key: "nats-url", usage: "an outside JetStream cluster instead of the embedded engine (not yet supported in this release)",
			read: func(*Config, any) error {
				return errors.New("is not yet supported in this release: the embedded engine in --data-dir is the only one")
			},
		},
		{
			key: "snyk-endpoint", list: true, read: readEndpoints,
			usage: "REGION=URL, the base URL of a Snyk region, such as snyk-us-01=http://127.0.0.1:9000 (repeatable)",
		},
		{
			key: "snyk-budget", preset: "50%", read: readSnykBudget,
			usage: "share of Snyk's rate limits that the requests of one credential may use: 50%, 50 or 0.5",
		},
		{
			key: "sealing-key-file", usage: "file of the keys that seal credentials (default: one made in the data folder)",
			read: text(func(c *Config) *string { return &c.SealingKeyFile }),
		},
		{
			key: "tls-cert", usage: "PEM file of the server's certificate; with --tls-key",
			read: text(func(c *Config) *string { return &c.TLSCert }),
		},
		{
			key: "tls-key", usage: "PEM file of the server's private key; with --tls-cert",
			read: text(func(c *Config) *string { return &c.TLSKey }),
		},
		{
			key: "tls-client-ca", usage: "PEM file of the authorities whose certificates callers must have",
			read: text(func(c *Config) *string { return &c.TLSClientCA }),
		},
		{
			key: "insecure", usage: "allow plaintext on addresses that are not loopback", flag: true, preset: "false",
			read: readInsecure,
		},
		{
			key: "max-streams-per-caller", preset: strconv.Itoa(DefaultMaxStreamsPerCaller), read: readMaxStreams,
			usage: "how many streams one caller, told by its client certificate or else its host, may have under way",
		},
		{
			key: "max-connection-age", preset: "1h", read: readMaxConnectionAge,
			usage: "how long a caller's connection lives at most, so that callers spread over replicas: 1h, 30m; at least 1m, 0 for no end",
		},
		{
			key: "retention", usage: "how long events are kept: 90d, 2160h; at least 2d", preset: "90d",
			read: readRetention,
		},
		{
			key: "log-format", usage: "text or json", preset: LogText,
			read: readLogFormat,
		},
		{
			key: "log-level", usage: "debug, info, warn or error", preset: strings.ToLower(slog.LevelInfo.String()),
			read: readLogLevel,
		},
	}
}

// Flags adds a flag for every setting, and --config, to fs.
func Flags(fs *pflag.FlagSet) {
	fs.String(keyFile, "", "YAML file of these settings, keyed by their names without the dashes in front")
	for _, s := range settings() {
		usage := s.usage + " [" + s.env() + "]"
		switch {
		case s.flag:
			fs.Bool(s.key, s.preset == "true", usage)
		case s.list:
			fs.StringArray(s.key, nil, usage)
		default:
			fs.String(s.key, s.preset, usage)
		}
	}
}
