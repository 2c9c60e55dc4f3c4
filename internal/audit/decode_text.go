package audit

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// word reads a literal name.
func (d *decoder) word(name string) bool {
	if len(d.src)-d.at < len(name) || string(d.src[d.at:d.at+len(name)]) != name {
		return false
	}
	d.at += len(name)
	return true
}

// number reads a number: its sign, digits, digits behind a dot, an exponent.
func (d *decoder) number() bool {
	d.oneOf("-")
	if !d.oneOf("0") && !d.digits() {
		return false
	}
	if d.oneOf(".") && !d.digits() {
		return false
	}
	if d.oneOf("eE") {
		d.oneOf("+-")
		return d.digits()
	}
	return true
}

// oneOf reads a byte that is one of those, if it is next.
func (d *decoder) oneOf(these string) bool {
	if d.at < len(d.src) {
		for i := range len(these) {
			if d.src[d.at] == these[i] {
				d.at++
				return true
			}
		}
	}
	return false
}

// digits reads digits, and says whether there are any.
func (d *decoder) digits() bool {
	from := d.at
	for d.at < len(d.src) && '0' <= d.src[d.at] && d.src[d.at] <= '9' {
		d.at++
	}
	return d.at > from
}

// quoted reads a string. Most lie in src as they read.
func (d *decoder) quoted() (text section, ok bool) {
	from, asItIs, ascii := d.at+1, true, true
	for at := from; ; {
		at = skipPlain(d.src, at)
		if at >= len(d.src) {
			return section{}, false
		}
		switch c := d.src[at]; {
		case c == '"':
			d.at = at + 1
			if d.blind || asItIs && (ascii || utf8.Valid(d.src[from:at])) {
				return between(from, at), true
			}
			return d.unquote(d.src[from:at]), true
		case c == '\\':
			size := escapeSize(d.src[at:])
			if size == 0 {
				return section{}, false
			}
			asItIs = false
			at += size
		case c < ' ':
			return section{}, false
		default:
			ascii = ascii && c < utf8.RuneSelf
			at++
		}
	}
}

// Every byte of a word of eight.
const (
	eachOne  = 0x0101010101010101
	eachHigh = 0x8080808080808080
)

// skipPlain goes on from at to the next byte that is no ASCII, or means something
// in a string: a quote, a backslash, a control character. It may stop before that.
func skipPlain(src []byte, at int) int {
	for ; len(src)-at >= 8; at += 8 {
		// A byte's highest bit comes up where it is set already, or where taking
		// away borrows: a space from what is less, one from the difference to a byte
		// that is there. What is borrowed disturbs only the bytes after that one.
		x := binary.LittleEndian.Uint64(src[at:])
		special := (x | (x - ' '*eachOne) | ((x ^ '"'*eachOne) - eachOne) | ((x ^ '\\'*eachOne) - eachOne)) & eachHigh
		if special != 0 {
			return at + bits.TrailingZeros64(special)/8
		}
	}
	return at
}

// escapeSize is the size of the escape that text begins with, 0 where it is none.
func escapeSize(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hexRune(text); ok {
			return 6
		}
	}
	return 0
}

// hexRune reads an escape with four hexadecimal digits.
func hexRune(text []byte) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		digit := rune(0)
		switch {
		case '0' <= c && c <= '9':
			digit = rune(c - '0')
		case 'a' <= c && c <= 'f':
			digit = rune(c-'a') + 10
		case 'A' <= c && c <= 'F':
			digit = rune(c-'A') + 10
		default:
			return 0, false
		}
		r = r<<4 | digit
	}
	return r, true
}

// unescaped are what the short escapes stand for.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unquote makes a text of what stands between the quotes of a string.
func (d *decoder) unquote(quoted []byte) section {
	from := len(d.texts)
	for len(quoted) > 0 {
		c := quoted[0]
		r, size := rune(c), 1
		switch {
		case c == '\\' && quoted[1] == 'u':
			r, size = surrogates(quoted)
		case c == '\\':
			r, size = rune(unescaped[quoted[1]]), 2
		case c >= utf8.RuneSelf:
			r, size = utf8.DecodeRune(quoted)
		}
		d.texts = utf8.AppendRune(d.texts, r)
		quoted = quoted[size:]
	}
	return between(len(d.src)+from, len(d.src)+len(d.texts))
}

// surrogates reads an escape with digits, or two of them that make one character.
// One half alone is no character.
func surrogates(text []byte) (r rune, size int) {
	r, _ = hexRune(text)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hexRune(text[6:]); ok {
		if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
			return both, 12
		}
	}
	return utf8.RuneError, 6
}

// string is a short text's one copy, as long as many records have it.
func (d *decoder) string(text []byte) string {
	const short, most = 64, 4096
	if len(text) > short {
		return string(text)
	}
	if known, ok := d.names[string(text)]; ok {
		return known
	}
	if len(d.names) >= most {
		clear(d.names)
	}
	made := string(text)
	d.names[made] = made
	return made
}
