package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

const (
	envPrefix = "SNYKSTREAM_"
	// delim parts nested keys. There are none, so it is one that no key has.
	delim = "\x00"
)

// loader gathers the layers, and every problem met on the way.
type loader struct {
	values   *koanf.Koanf
	known    map[string]setting
	problems []error
	// said has, for each key, the name it was last given under.
	said map[string]string
}

// Load reads the settings from fs (on which Flags was called, and which is
// parsed), from environ (as of os.Environ) and from the file that --config or
// SNYKSTREAM_CONFIG names. Its error lists every problem, each named as the
// operator spelt it.
func Load(fs *pflag.FlagSet, environ []string) (Config, error) {
	l := &loader{values: koanf.New(delim), known: make(map[string]setting), said: make(map[string]string)}
	for _, s := range settings() {
		l.known[s.key] = s
		if s.preset != "" {
			l.set(s.key, s.preset, s.key)
		}
	}
	variables := l.variables(environ)
	l.loadFile(configPath(fs, variables))
	l.loadEnv(variables)
	l.loadFlags(fs)

	cfg := l.read()
	if len(l.problems) == 0 {
		// Relations are only worth telling of values that are good by themselves.
		l.problems = check(cfg)
	}
	if len(l.problems) > 0 {
		return Config{}, fmt.Errorf("the configuration is not valid:\n%w", errors.Join(l.problems...))
	}
	return cfg, nil
}

func (l *loader) problemf(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

func (l *loader) set(key string, value any, said string) {
	if err := l.values.Set(key, value); err != nil {
		l.problemf("%s: %w", said, err)
		return
	}
	l.said[key] = said
}

// configPath is the file to read: the flag's, else the variable's, else none.
func configPath(fs *pflag.FlagSet, variables *koanf.Koanf) string {
	if f := fs.Lookup(keyFile); f != nil && f.Changed {
		return f.Value.String()
	}
	return variables.String(keyFile)
}

// loadFile reads the YAML file.
func (l *loader) loadFile(path string) {
	if path == "" {
		return
	}
	layer := koanf.New(delim)
	if err := layer.Load(file.Provider(path), yaml.Parser()); err != nil {
		l.problemf("--config %s: %w", path, err)
		return
	}
	for key, value := range layer.Raw() {
		said := path + ": " + key
		if _, ok := l.known[key]; !ok {
			l.problemf("%s: unknown key", said)
			continue
		}
		l.set(key, value, said)
	}
}

// variables are the environment's settings by key, those not known left out.
func (l *loader) variables(environ []string) *koanf.Koanf {
	byName := map[string]string{envPrefix + "CONFIG": keyFile}
	for key, s := range l.known {
		byName[s.env()] = key
	}
	layer := koanf.New(delim)
	provider := env.Provider(delim, env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, ok := byName[name]
			if !ok {
				l.problemf("%s: unknown variable%s", name, hint(name))
			}
			return key, value
		},
	})
	if err := layer.Load(provider, nil); err != nil {
		l.problemf("environment: %w", err)
	}
	return layer
}

// hint tells of the one way in which such variables appear by themselves.
func hint(name string) string {
	serviceLink := strings.HasSuffix(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") ||
		strings.HasPrefix(name, envPrefix+"PORT")
	if !serviceLink {
		return ""
	}
	return " (Kubernetes sets it for a Service named snykstream: set enableServiceLinks to false)"
}

func (l *loader) loadEnv(variables *koanf.Koanf) {
	for key, value := range variables.Raw() {
		switch s := l.known[key]; {
		case key == keyFile && value == "":
			l.problemf("%sCONFIG: is empty: give it a value, or leave it out", envPrefix)
		case key == keyFile:
		case s.list:
			l.set(key, strings.Split(fmt.Sprint(value), ","), s.env())
		default:
			l.set(key, value, s.env())
		}
	}
}

// loadFlags takes the flags that were given; the others only show their defaults.
func (l *loader) loadFlags(fs *pflag.FlagSet) {
	if f := fs.Lookup(keyFile); f != nil && f.Changed && f.Value.String() == "" {
		l.problemf("--config: is empty: give it a value, or leave it out")
	}
	layer := koanf.New(delim)
	provider := posflag.ProviderWithFlag(fs, delim, nil, func(f *pflag.Flag) (string, any) {
		if _, ok := l.known[f.Name]; !ok {
			return "", nil
		}
		return f.Name, posflag.FlagVal(fs, f)
	})
	if err := layer.Load(provider, nil); err != nil {
		l.problemf("flags: %w", err)
	}
	for key, value := range layer.Raw() {
		l.set(key, value, "--"+key)
	}
}

// read fills a Config, setting by setting.
func (l *loader) read() Config {
	var cfg Config
	for _, s := range settings() {
		if !l.values.Exists(s.key) {
			continue
		}
		value := l.values.Get(s.key)
		err := notEmpty(value)
		if err == nil {
			err = s.read(&cfg, value)
		}
		if err != nil {
			l.problemf("%s: %w", l.said[s.key], err)
		}
	}
	slices.SortFunc(l.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return cfg
}

// notEmpty refuses what is often a variable that was never set: an empty
// --tls-client-ca would let every caller in.
func notEmpty(value any) error {
	list, isList := value.([]string)
	if value == nil || value == "" || (isList && slices.Contains(list, "")) {
		return errors.New("is empty: give it a value, or leave it out")
	}
	return nil
}
