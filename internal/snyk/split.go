package snyk

import (
	"bytes"
	"encoding/json"
	"iter"
)

// Parts of JSON that encoding/json has found valid, as they lie in it: nothing is
// copied, and nothing is looked at twice.

// skipSpace is the text from its first byte on that is no white space.
func skipSpace(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// members walks over the members of an object.
func members(object []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		rest := skipSpace(object[1:])
		for rest[0] == '"' {
			name, after := cutValue(rest)
			value, after := cutValue(skipSpace(skipSpace(after)[1:]))
			if !yield(nameOf(name), value) {
				return
			}
			if rest = skipSpace(after); rest[0] == ',' {
				rest = skipSpace(rest[1:])
			}
		}
	}
}

func nameOf(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return stringOf(quoted)
	}
	return string(quoted[1 : len(quoted)-1])
}

// elements walks over the elements of an array.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rest := skipSpace(array[1:])
		for rest[0] != ']' {
			value, after := cutValue(rest)
			if !yield(value) {
				return
			}
			if rest = skipSpace(after); rest[0] == ',' {
				rest = skipSpace(rest[1:])
			}
		}
	}
}

// cutValue cuts the value off that a text begins with.
func cutValue(text []byte) (value, rest []byte) {
	end := 0
	switch text[0] {
	case '{', '[':
		end = nestEnd(text)
	case '"':
		end = quoteEnd(text)
	default:
		if end = bytes.IndexAny(text, ",]} \t\r\n"); end < 0 {
			end = len(text)
		}
	}
	return text[:end:end], text[end:]
}

// nestEnd is the end of the array or object that a text begins with.
func nestEnd(text []byte) int {
	depth := 0
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			at += quoteEnd(text[at:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return at + 1
			}
		}
	}
	return len(text)
}

// quoteEnd is the end of the string that a text begins with: a quote behind an even
// number of backslashes.
func quoteEnd(text []byte) int {
	for at := 1; ; {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			return len(text)
		}
		at += quote
		slashes := at
		for text[slashes-1] == '\\' {
			slashes--
		}
		at++
		if (at-1-slashes)%2 == 0 {
			return at
		}
	}
}
