package telemetry

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/snykstream/snykstream/internal/audit"
)

func TestNewLogger(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			log, err := NewLogger(&out, format, slog.LevelWarn)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("quiet")
			if out.Len() > 0 {
				t.Errorf("a record below the level is written: %s", out.String())
			}
			log.Warn("loud", slog.Any("credential", audit.Credential{Token: audit.NewSecret("hunter2")}), slog.Any("token", audit.NewSecret("hunter2")))
			if !strings.Contains(out.String(), "loud") || strings.Contains(out.String(), "hunter2") {
				t.Errorf("written: %s", out.String())
			}
			if got := json.Valid(out.Bytes()); got != (format == "json") {
				t.Errorf("valid JSON: %v: %s", got, out.String())
			}
		})
	}
	if _, err := NewLogger(nil, "xml", slog.LevelInfo); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("format xml: %v", err)
	}
}
