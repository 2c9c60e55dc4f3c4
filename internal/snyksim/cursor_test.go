package snyksim

import (
	"testing"
	"time"
)

func TestCursorRoundTrip(t *testing.T) {
	for name, c := range map[string]cursor{
		"start":  {start: true, issued: epoch},
		"keyset": {behind: place{epoch, 7}, issued: epoch},
		"front":  {behind: place{epoch.Add(time.Nanosecond), -3}, issued: epoch},
		"offset": {mode: OffsetCursors, offset: 1 << 40, issued: epoch},
	} {
		back, ok := parseCursor(c.text(5), 5)
		if !ok || back != c {
			t.Errorf("%s: %+v, want %+v", name, back, c)
		}
		if _, ok := parseCursor(c.text(5), 6); ok {
			t.Errorf("%s: taken by another log", name)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add(cursor{start: true, issued: epoch}.text(5))
	f.Add("v1.")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := parseCursor(text, 5)
		if !ok {
			return
		}
		if back, ok := parseCursor(c.text(5), 5); !ok || back != c {
			t.Errorf("%q reads as %+v, and that as %+v", text, c, back)
		}
	})
}
