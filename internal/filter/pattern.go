package filter

import (
	"bytes"
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

// pattern is a name with "*" for any run of characters: what stands before the
// first star, between two, and after the last.
type pattern struct {
	head, tail []byte
	middle     [][]byte
}

// compilePattern takes a text with at least one star.
func compilePattern(text string) pattern {
	parts := bytes.Split([]byte(text), []byte("*"))
	last := len(parts) - 1
	p := pattern{head: parts[0], tail: parts[last]}
	for _, part := range parts[1:last] {
		if len(part) > 0 {
			p.middle = append(p.middle, part)
		}
	}
	return p
}

// match takes each middle part where it first occurs. A later occurrence would
// leave less to the parts after it, so there is nothing to go back for, and the
// name is walked once.
func (p *pattern) match(name []byte) bool {
	rest, ok := bytes.CutPrefix(name, p.head)
	if !ok {
		return false
	}
	if rest, ok = bytes.CutSuffix(rest, p.tail); !ok {
		return false
	}
	for _, part := range p.middle {
		if _, rest, ok = bytes.Cut(rest, part); !ok {
			return false
		}
	}
	return true
}
