package audit

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the addresses taken from one record; the lengths are those of RFC 5321.
const (
	maxEmails      = 100
	maxEmailLocal  = 64
	maxEmailDomain = 253
)

// emailsIn returns the e-mail addresses in the strings of content, keys left out:
// as written, each once, sorted.
func (d *decoder) emailsIn(content *value) []string {
	var found []string
	d.each(content, func(v *value) {
		if text := d.bytes(v.text); v.kind == jsonString && bytes.IndexByte(text, '@') >= 0 {
			found = appendEmails(found, string(text))
		}
	})
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.Clip(found[:min(len(found), maxEmails)])
}

// appendEmails looks left and right of every @, never past the next one, so the
// time is linear whatever the text.
func appendEmails(found []string, text string) []string {
	for start := 0; ; {
		at := strings.IndexByte(text[start:], '@')
		if at < 0 {
			return found
		}
		at += start
		before, after := text[start:at], text[at+1:]
		if next := strings.IndexByte(after, '@'); next >= 0 {
			after = after[:next]
		}
		local, domain := localPart(before), domainPart(after)
		if local != "" && domain != "" && !isUserInfo(before[:len(before)-len(local)]) {
			found = append(found, local+"@"+domain)
		}
		start = at + 1
	}
}

// localPart is the end of text that can stand before an @, empty where none can.
func localPart(text string) string {
	start := len(text)
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:start])
		if !isLetterOrDigit(r) && !strings.ContainsRune("._%+'-", r) {
			break
		}
		start -= size
	}
	// A quote or dot there belongs to the sentence around the address.
	local := strings.TrimLeft(text[start:], ".'")
	if len(local) > maxEmailLocal || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return ""
	}
	return local
}

// domainPart is the start of text that can stand after an @: labels with dots
// between, the last of them of letters.
func domainPart(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !isLetterOrDigit(r) && r != '.' && r != '-' })
	if end >= 0 {
		text = text[:end]
	}
	domain := strings.TrimRight(text, ".-")
	dot := strings.LastIndexByte(domain, '.')
	switch {
	case dot < 1, len(domain) > maxEmailDomain, !isTopLevel(domain[dot+1:]):
		return ""
	case domain[0] == '.', domain[0] == '-', strings.Contains(domain, ".."):
		return ""
	}
	return domain
}

// isTopLevel tells a top-level domain from the end of an IP address or a number.
func isTopLevel(label string) bool {
	return len(label) >= 2 && (strings.HasPrefix(label, "xn--") || !strings.ContainsFunc(label, unicode.IsDigit))
}

func isLetterOrDigit(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// isUserInfo says that what stands before an @ is a part of a URL's authority: in
// https://name:password@host it is a password, which must not become an indicator.
func isUserInfo(before string) bool {
	start := strings.LastIndexFunc(before, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/?#", r) })
	return start > 0 && before[start] == '/' && before[start-1] == '/'
}
