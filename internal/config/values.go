package config

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// text reads a value as it is.
func text(field func(*Config) *string) func(*Config, any) error {
	return func(cfg *Config, value any) error {
		s, err := asText(value)
		*field(cfg) = s
		return err
	}
}

// asText refuses numbers and dates: YAML has already changed their spelling.
func asText(value any) (string, error) {
	s, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%v is not text: put it in quotes", value)
	}
	return s, nil
}

func readInsecure(cfg *Config, value any) error {
	if b, ok := value.(bool); ok {
		cfg.Insecure = b
		return nil
	}
	s, err := asText(value)
	if err != nil {
		return errors.New("must be true or false")
	}
	if cfg.Insecure, err = strconv.ParseBool(s); err != nil {
		return fmt.Errorf("%q must be true or false", s)
	}
	return nil
}

func readRetention(cfg *Config, value any) error {
	s, err := asText(value)
	if err != nil {
		return fmt.Errorf("%v needs a unit: such as 90d or 2160h", value)
	}
	if cfg.Retention, err = parseDuration(s); err != nil {
		return err
	}
	if cfg.Retention < MinRetention {
		return fmt.Errorf("%s is too short: at least 2d, so that records read again are recognised", s)
	}
	return nil
}

// readMaxStreams refuses 0, which some would take for no limit and some for none.
func readMaxStreams(cfg *Config, value any) error {
	text := fmt.Sprint(value)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxMaxStreamsPerCaller {
		return fmt.Errorf("%q must be a number from 1 to %d, which is as good as no limit", text, MaxMaxStreamsPerCaller)
	}
	cfg.MaxStreamsPerCaller = n
	return nil
}

func readMaxConnectionAge(cfg *Config, value any) error {
	if value == 0 { // YAML's, which needs no unit
		cfg.MaxConnectionAge = 0
		return nil
	}
	s, err := asText(value)
	if err != nil {
		return fmt.Errorf("%v needs a unit: such as 1h or 30m", value)
	}
	if cfg.MaxConnectionAge, err = parseDuration(s); err != nil {
		return err
	}
	if cfg.MaxConnectionAge != 0 && cfg.MaxConnectionAge < MinConnectionAge {
		return fmt.Errorf("%s is too short: at least 1m, or callers do little but reconnect; 0 for no end", s)
	}
	return nil
}

var percentOrShare = regexp.MustCompile(`^\d{1,9}(\.\d{1,9})?%?$`)

// readSnykBudget reads a percentage or a share: above 1, a number can only be a
// percentage; up to 1, without the sign, it is a share.
func readSnykBudget(cfg *Config, value any) error {
	text := fmt.Sprint(value)
	bad := fmt.Errorf("%q is no share of Snyk's limits: give a percentage up to 100 such as 50%% or 50, or a share such as 0.5", text)
	if !percentOrShare.MatchString(text) {
		return bad
	}
	number, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return bad
	}
	if percent || share > 1 {
		share /= 100
	}
	if share <= 0 || share > 1 {
		return bad
	}
	cfg.SnykBudget = share
	return nil
}

var daysFirst = regexp.MustCompile(`^(\d+)d(.*)$`)

// parseDuration reads Go's durations, and days of 24 hours in front of one.
func parseDuration(s string) (time.Duration, error) {
	var days, rest time.Duration
	text := s
	if m := daysFirst.FindStringSubmatch(s); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 32)
		if err != nil || n > maxDays {
			return 0, fmt.Errorf("%q is too long: at most %dd", s, maxDays)
		}
		days, text = time.Duration(n)*day, m[2]
	}
	if text != "" {
		var err error
		if rest, err = time.ParseDuration(text); err != nil || rest < 0 {
			return 0, fmt.Errorf("%q is no duration: such as 90d or 2160h", s)
		}
	} else if days == 0 {
		return 0, fmt.Errorf("%q is no duration: such as 90d or 2160h", s)
	}
	if total := days + rest; total >= 0 && total <= maxDays*day {
		return total, nil
	}
	return 0, fmt.Errorf("%q is too long: at most %dd", s, maxDays)
}

// maxDays keeps sums with times far from overflow.
const maxDays = 36500

func readLogFormat(cfg *Config, value any) error {
	s, err := asText(value)
	if err != nil {
		return err
	}
	if s != LogText && s != LogJSON {
		return fmt.Errorf("%q must be %s or %s", s, LogText, LogJSON)
	}
	cfg.LogFormat = s
	return nil
}

func readLogLevel(cfg *Config, value any) error {
	s, err := asText(value)
	if err != nil {
		return err
	}
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(s, level.String()) {
			cfg.LogLevel = level
			return nil
		}
	}
	return fmt.Errorf("%q must be debug, info, warn or error", s)
}
