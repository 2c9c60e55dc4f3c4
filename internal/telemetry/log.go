package telemetry

import (
	"fmt"
	"io"
	"log/slog"
)

// NewLogger writes records of at least level to out, in format "text" or "json".
func NewLogger(out io.Writer, format string, level slog.Level) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, fmt.Errorf("log format %q is neither text nor json", format)
}
