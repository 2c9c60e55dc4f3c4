package snyk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Window is a limit: so many requests in any such stretch of time.
type Window struct {
	Count int
	Per   time.Duration
}

// limits are those of Snyk's for one credential, until its answers name others.
var limits = []Window{{160, time.Second}, {1620, time.Minute}, {97_200, time.Hour}}

// Bounds of what is believed of an answer.
const (
	maxWindow  = 24 * time.Hour
	maxWindows = 16
	// maxRaise is how many times the count of a limit may exceed what was taken for
	// it at first. Beyond, the answer is not Snyk's or not meant so.
	maxRaise = 10
	// leastPace is the fewest requests a second that a limit may come to: one lower
	// yet would keep us from ever hearing that it was a mistake.
	leastPace = 1.0 / 600
	// maxCount keeps sums with a count far from overflow.
	maxCount = 1 << 30
)

// readLimits reads the windows that an answer's X-Ratelimit-Limit names:
//
//	160, 160;w=1;name="a", 1620;w=60;name="b", 97200;w=3600;name="c"
//
// A number alone says nothing of its time and is passed over, as is what cannot
// be read. Of two limits in one stretch of time the lower one holds.
func readLimits(h http.Header) []Window {
	var found []Window
	for _, line := range h.Values("X-Ratelimit-Limit") {
		for _, item := range splitUnquoted(line, ',') {
			w, ok := readLimit(item)
			if !ok {
				continue
			}
			if at := ofTime(found, w.Per); at >= 0 {
				found[at].Count = min(found[at].Count, w.Count)
			} else if len(found) < maxWindows {
				found = append(found, w)
			}
		}
	}
	return found
}

// readLimit reads one limit of the list.
func readLimit(item string) (Window, bool) {
	parts := splitUnquoted(item, ';')
	count, err := strconv.ParseUint(strings.TrimSpace(parts[0]), 10, 64)
	if err != nil || count < 1 || count > maxCount {
		return Window{}, false
	}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		if strings.TrimSpace(name) != "w" {
			continue
		}
		seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
		if err != nil || seconds < 1 || seconds > uint64(maxWindow/time.Second) {
			return Window{}, false
		}
		return Window{int(count), time.Duration(seconds) * time.Second}, true
	}
	return Window{}, false
}

// splitUnquoted splits at a separator that stands outside of quotes.
func splitUnquoted(text string, separator byte) []string {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

// adopted are the windows known once an answer has told some; base are those
// known at first. A window of base that was not told stays as it is known; any
// other goes, so that an answer that is not Snyk's does harm until the next one
// only. A window beyond belief, high or low, stays as it was.
func adopted(known, base, told []Window) []Window {
	out := slices.Clone(known)
	if len(told) > 0 {
		out = slices.DeleteFunc(out, func(w Window) bool {
			return ofTime(base, w.Per) < 0 && ofTime(told, w.Per) < 0
		})
	}
	for _, w := range told {
		if float64(w.Count) < leastPace*w.Per.Seconds() {
			continue
		}
		if at := ofTime(base, w.Per); at >= 0 && w.Count > maxRaise*base[at].Count {
			continue
		}
		if at := ofTime(out, w.Per); at >= 0 {
			out[at] = w
		} else if len(out) < maxWindows {
			out = append(out, w)
		}
	}
	return out
}

// ofTime is the index of the window of a stretch of time, -1 where there is none.
func ofTime(windows []Window, per time.Duration) int {
	return slices.IndexFunc(windows, func(w Window) bool { return w.Per == per })
}
