package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

const (
	usOne = snykstreamv1.Region_REGION_SNYK_US_01
	euOne = snykstreamv1.Region_REGION_SNYK_EU_01
)

// load reads a configuration from a YAML text (none where empty), variables and
// arguments.
func load(t *testing.T, yaml string, environ []string, args ...string) (Config, error) {
	t.Helper()
	if yaml != "" {
		args = append([]string{"--config", writeFile(t, yaml)}, args...)
	}
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	fs.Bool("help", false, "a flag that is not a setting")
	Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatalf("parse %q: %v", args, err)
	}
	return Load(fs, environ)
}

func writeFile(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snykstream.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	got, err := load(t, "", []string{"PATH=/bin", "SNYKSTREAMX=1", "SNYK_TOKEN=x"})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	want := Config{
		Listen: "127.0.0.1:7443", AdminListen: "127.0.0.1:7480", DataDir: "./snykstream-data",
		MaxStreamsPerCaller: 1024, MaxConnectionAge: time.Hour,
		SnykBudget: 0.5, Retention: 90 * 24 * time.Hour, LogFormat: "text", LogLevel: slog.LevelInfo,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

// TestPrecedence gives each key in the file, the environment and a flag, and takes
// them away from the top.
func TestPrecedence(t *testing.T) {
	endpoints := func(region snykstreamv1.Region, base string) map[snykstreamv1.Region]string {
		return map[snykstreamv1.Region]string{region: base}
	}
	tests := map[string]struct {
		file, env, flag             string
		get                         func(Config) any
		preset                      any
		wantFile, wantEnv, wantFlag any
		// with are arguments that the key needs beside it.
		with []string
	}{
		"listen": {
			file: "127.0.0.1:1", env: "127.0.0.1:2", flag: "127.0.0.1:3",
			get:    func(c Config) any { return c.Listen },
			preset: "127.0.0.1:7443", wantFile: "127.0.0.1:1", wantEnv: "127.0.0.1:2", wantFlag: "127.0.0.1:3",
		},
		"admin-listen": {
			file: "127.0.0.1:1", env: "[::1]:2", flag: "localhost:3",
			get:    func(c Config) any { return c.AdminListen },
			preset: "127.0.0.1:7480", wantFile: "127.0.0.1:1", wantEnv: "[::1]:2", wantFlag: "localhost:3",
		},
		"data-dir": {
			file: "/f", env: "/e", flag: "/a",
			get:    func(c Config) any { return c.DataDir },
			preset: "./snykstream-data", wantFile: "/f", wantEnv: "/e", wantFlag: "/a",
		},
		"snyk-endpoint": {
			file: "{snyk-us-01: 'http://127.0.0.1:9000/'}", env: "SNYK-EU-01=https://e.example", flag: "snyk-us-01=https://a.example",
			get:    func(c Config) any { return c.SnykEndpoints },
			preset: map[snykstreamv1.Region]string(nil), wantFile: endpoints(usOne, "http://127.0.0.1:9000"),
			wantEnv: endpoints(euOne, "https://e.example"), wantFlag: endpoints(usOne, "https://a.example"),
		},
		"snyk-budget": {
			file: "25", env: "0.75", flag: "80%",
			get:    func(c Config) any { return c.SnykBudget },
			preset: 0.5, wantFile: 0.25, wantEnv: 0.75, wantFlag: 0.8,
		},
		"sealing-key-file": {
			file: "/f", env: "/e", flag: "/a",
			get:    func(c Config) any { return c.SealingKeyFile },
			preset: "", wantFile: "/f", wantEnv: "/e", wantFlag: "/a",
		},
		"tls-cert": {
			file: "/f", env: "/e", flag: "/a", with: []string{"--tls-key", "/key"},
			get:      func(c Config) any { return c.TLSCert },
			wantFile: "/f", wantEnv: "/e", wantFlag: "/a",
		},
		"tls-key": {
			file: "/f", env: "/e", flag: "/a", with: []string{"--tls-cert", "/cert"},
			get:      func(c Config) any { return c.TLSKey },
			wantFile: "/f", wantEnv: "/e", wantFlag: "/a",
		},
		"tls-client-ca": {
			file: "/f", env: "/e", flag: "/a", with: []string{"--tls-cert", "/cert", "--tls-key", "/key"},
			get:    func(c Config) any { return c.TLSClientCA },
			preset: "", wantFile: "/f", wantEnv: "/e", wantFlag: "/a",
		},
		"insecure": {
			file: "true", env: "false", flag: "true",
			get:    func(c Config) any { return c.Insecure },
			preset: false, wantFile: true, wantEnv: false, wantFlag: true,
		},
		"max-streams-per-caller": {
			file: "10", env: "20", flag: "1000000",
			get:    func(c Config) any { return c.MaxStreamsPerCaller },
			preset: 1024, wantFile: 10, wantEnv: 20, wantFlag: 1_000_000,
		},
		"max-connection-age": {
			file: "0", env: "1m", flag: "1d",
			get:    func(c Config) any { return c.MaxConnectionAge },
			preset: time.Hour, wantFile: time.Duration(0), wantEnv: time.Minute, wantFlag: day,
		},
		"retention": {
			file: "30d", env: "72h", flag: "2d12h30m",
			get:    func(c Config) any { return c.Retention },
			preset: 90 * day, wantFile: 30 * day, wantEnv: 72 * time.Hour, wantFlag: 60*time.Hour + 30*time.Minute,
		},
		"log-format": {
			file: "json", env: "text", flag: "json",
			get:    func(c Config) any { return c.LogFormat },
			preset: "text", wantFile: "json", wantEnv: "text", wantFlag: "json",
		},
		"log-level": {
			file: "debug", env: "WARN", flag: "error",
			get:    func(c Config) any { return c.LogLevel },
			preset: slog.LevelInfo, wantFile: slog.LevelDebug, wantEnv: slog.LevelWarn, wantFlag: slog.LevelError,
		},
	}
	for _, s := range settings() {
		if _, ok := tests[s.key]; !ok && s.key != "nats-url" {
			t.Errorf("key %s is not tested", s.key)
		}
	}
	for key, test := range tests {
		file := key + ": " + test.file
		env := []string{"SNYKSTREAM_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_")) + "=" + test.env}
		flag := append([]string{"--" + key + "=" + test.flag}, test.with...)
		check := func(layer string, want any, yaml string, environ []string, args ...string) {
			t.Run(key+"/"+layer, func(t *testing.T) {
				cfg, err := load(t, yaml, environ, args...)
				if err != nil {
					t.Fatalf("Load: %v", err)
				}
				if diff := cmp.Diff(want, test.get(cfg)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
		check("flag over all", test.wantFlag, file, env, flag...)
		check("flag over file", test.wantFlag, file, nil, flag...)
		check("variable over file", test.wantEnv, file, env, test.with...)
		check("variable alone", test.wantEnv, "", env, test.with...)
		check("file", test.wantFile, file, nil, test.with...)
		if test.preset != nil {
			check("default", test.preset, "", nil)
		}
	}
}

func TestConfigFile(t *testing.T) {
	one, two := writeFile(t, "data-dir: /one"), writeFile(t, "data-dir: /two")
	tests := map[string]struct {
		environ, args []string
		want          string
	}{
		"by variable":        {environ: []string{"SNYKSTREAM_CONFIG=" + one}, want: "/one"},
		"by flag":            {args: []string{"--config", one}, want: "/one"},
		"flag over variable": {environ: []string{"SNYKSTREAM_CONFIG=" + one}, args: []string{"--config", two}, want: "/two"},
		"empty file":         {args: []string{"--config", writeFile(t, "# nothing\n")}, want: DefaultDataDir},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, "", test.environ, test.args...)
			if err != nil {
				t.Fatalf("Load: %v", err)
			}
			if cfg.DataDir != test.want {
				t.Errorf("data dir %q, want %q", cfg.DataDir, test.want)
			}
		})
	}
}

func TestSnykBudgetSpellings(t *testing.T) {
	tests := map[string]float64{
		"50%": 0.5, "50": 0.5, "0.5": 0.5, "100%": 1, "100": 1, "1": 1, "1.0": 1, "1%": 0.01, "1.5": 0.015, "0.5%": 0.005, "12.5%": 0.125,
	}
	for text, want := range tests {
		for kind, yaml := range map[string]string{"as it is": text, "in quotes": "'" + text + "'"} {
			t.Run(text+" "+kind, func(t *testing.T) {
				cfg, err := load(t, "snyk-budget: "+yaml, nil)
				if err != nil || cfg.SnykBudget != want {
					t.Errorf("%v, %v; want %v", cfg.SnykBudget, err, want)
				}
			})
		}
	}
}

func TestEndpointSpellings(t *testing.T) {
	want := map[snykstreamv1.Region]string{usOne: "https://api.one.example", euOne: "http://localhost:9000"}
	tests := map[string]struct {
		yaml          string
		environ, args []string
	}{
		"flags":         {args: []string{"--snyk-endpoint", "snyk-us-01=https://api.one.example", "--snyk-endpoint=snyk-eu-01=http://localhost:9000/"}},
		"variable":      {environ: []string{"SNYKSTREAM_SNYK_ENDPOINT=snyk-us-01=https://api.one.example, snyk-eu-01=http://localhost:9000"}},
		"file's list":   {yaml: "snyk-endpoint:\n- snyk-us-01=https://api.one.example\n- SNYK-EU-01=http://localhost:9000\n"},
		"file's map":    {yaml: "snyk-endpoint:\n  snyk-us-01: https://api.one.example\n  snyk-eu-01: http://localhost:9000\n"},
		"map is hidden": {yaml: "snyk-endpoint: {snyk-au-01: 'https://x.example'}", environ: []string{"SNYKSTREAM_SNYK_ENDPOINT=snyk-us-01=https://api.one.example,snyk-eu-01=http://localhost:9000"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, test.yaml, test.environ, test.args...)
			if err != nil {
				t.Fatalf("Load: %v", err)
			}
			if diff := cmp.Diff(want, cfg.SnykEndpoints); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
