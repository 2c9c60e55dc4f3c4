package filter

import (
	"bytes"
	"slices"
	"strings"
)

// names is a set of event names, exact ones and patterns.
type names struct {
	exact    texts
	patterns []pattern
}

func compileNames(given set[string]) names {
	exact := make(set[string], len(given))
	var n names
	for text := range given {
		if strings.Contains(text, "*") {
			n.patterns = append(n.patterns, compilePattern(text))
		} else {
			exact[text] = struct{}{}
		}
	}
	n.exact = compileTexts(exact)
	return n
}

func (n *names) has(name []byte) bool {
	if n.exact.has(name) {
		return true
	}
	for i := range n.patterns {
		if n.patterns[i].match(name) {
			return true
		}
	}
	return false
}

// pattern is a name with "*" for any run of characters.
type pattern struct {
	text []byte
	// stars are where the stars are. Places take less than the parts as slices, and a
	// stream keeps many patterns.
	stars []uint16
}

// compilePattern takes a name of at most 256 bytes with at least one star. Of several in a row it
// keeps one.
func compilePattern(name string) pattern {
	text := slices.CompactFunc([]byte(name), func(a, b byte) bool { return a == '*' && b == '*' })
	p := pattern{text: slices.Clip(text), stars: make([]uint16, 0, bytes.Count(text, []byte("*")))}
	for i, c := range text {
		if c == '*' {
			p.stars = append(p.stars, uint16(i))
		}
	}
	return p
}

// match takes each part between two stars where it first occurs. A later occurrence
// would leave less to the parts after it, so there is nothing to go back for, and the
// name is walked once.
func (p *pattern) match(name []byte) bool {
	last := len(p.stars) - 1
	rest, ok := bytes.CutPrefix(name, p.text[:p.stars[0]])
	if !ok {
		return false
	}
	if rest, ok = bytes.CutSuffix(rest, p.text[p.stars[last]+1:]); !ok {
		return false
	}
	for i := range last {
		if _, rest, ok = bytes.Cut(rest, p.text[p.stars[i]+1:p.stars[i+1]]); !ok {
			return false
		}
	}
	return true
}
