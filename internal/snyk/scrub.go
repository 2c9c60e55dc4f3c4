package snyk

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxDetail bounds what is shown of Snyk's own words, in characters.
	maxDetail = 300
	// minSecret is the length from which a value is taken out of texts: shorter
	// ones are no secrets, and taking them out would make words unreadable.
	minSecret = 4
	hidden    = "[redacted]"
)

// scrubber takes secrets out of texts that come from outside, where Snyk, or a
// proxy before it, may echo what was sent. They are in lower case.
type scrubber []string

// newScrubber hides the values, in whatever case and also as a form encodes them.
func newScrubber(values ...string) scrubber {
	var out scrubber
	for _, v := range values {
		if len(v) < minSecret {
			continue
		}
		for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v)} {
			if form = lower(form); !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	// The longest first: one secret may begin with another.
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// line makes one printable line of a text, of at most limit characters, with no
// secret in it.
func (s scrubber) line(text string, limit int) string {
	text = s.hide(text)
	text = strings.Map(printable, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	// A secret that other characters had parted is whole only now.
	text = s.hide(text)
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:limit-1])) + "…"
}

func (s scrubber) hide(text string) string {
	for _, secret := range s {
		low := lower(text)
		at := strings.Index(low, secret)
		if at < 0 {
			continue
		}
		var out strings.Builder
		for ; at >= 0; at = strings.Index(low, secret) {
			out.WriteString(text[:at])
			out.WriteString(hidden)
			text, low = text[at+len(secret):], low[at+len(secret):]
		}
		text = out.String() + text
	}
	return text
}

// lower is ASCII's lower case: unlike that of all letters it moves no byte.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// printable keeps what a terminal and a log show as it is.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsPrint(r):
		return r
	}
	return -1
}
