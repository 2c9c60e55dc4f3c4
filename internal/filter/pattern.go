package filter

import "strings"

// names is a set of event names, exact ones and patterns.
type names struct {
	exact    set[string]
	patterns []pattern
}

func compileNames(texts set[string]) names {
	n := names{exact: make(set[string], len(texts))}
	for text := range texts {
		if strings.Contains(text, "*") {
			n.patterns = append(n.patterns, compilePattern(text))
		} else {
			n.exact[text] = struct{}{}
		}
	}
	return n
}

func (n names) has(name string) bool {
	if n.exact.has(name) {
		return true
	}
	for _, p := range n.patterns {
		if p.match(name) {
			return true
		}
	}
	return false
}

// pattern is a name with "*" for any run of characters: what stands before the
// first star, between two, and after the last.
type pattern struct {
	head, tail string
	middle     []string
}

// compilePattern takes a text with at least one star.
func compilePattern(text string) pattern {
	parts := strings.Split(text, "*")
	last := len(parts) - 1
	p := pattern{head: parts[0], tail: parts[last]}
	for _, part := range parts[1:last] {
		if part != "" {
			p.middle = append(p.middle, part)
		}
	}
	return p
}

// match takes each middle part where it first occurs. A later occurrence would
// leave less to the parts after it, so there is nothing to go back for, and the
// name is walked once.
func (p pattern) match(name string) bool {
	rest, ok := strings.CutPrefix(name, p.head)
	if !ok {
		return false
	}
	if rest, ok = strings.CutSuffix(rest, p.tail); !ok {
		return false
	}
	for _, part := range p.middle {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return true
}
