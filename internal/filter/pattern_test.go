package filter

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"*", "org.user.add", true},
		{"**", "x", true},
		{"org.*", "org.user.role.edit", true},
		{"org.*", "org.", true},
		{"org.*", "org", false},
		{"*.edit", "org.user.role.edit", true},
		{"*.edit", "org.user.edited", false},
		{"org.*.edit", "org.edit", false},
		{"org.*.edit", "org..edit", true},
		{"org.*.role.*.edit", "org.user.role.details.edit", true},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"*ab*ab*", "ab.aab", true},
		{"*ab*ab*", "aab.b", false},
		{"a*b*c", "abbcc", true},
		{"a*bc", "abcbc", true},
		{"a.*", "aXb", false},
		{"A*", "abc", false},
	}
	for _, test := range tests {
		p := compilePattern(test.pattern)
		if got := p.match([]byte(test.name)); got != test.want {
			t.Errorf("%q matches %q: %t, want %t", test.pattern, test.name, got, test.want)
		}
	}
}

// A pattern that makes a matcher with backtracking try for ever.
func TestPatternIsNotSlow(t *testing.T) {
	t.Parallel()
	p := compilePattern(strings.Repeat("a*", 128))
	if !p.match(bytes.Repeat([]byte("a"), 1<<20)) {
		t.Error("128 times a is not found in a million")
	}
	if p.match(bytes.Repeat([]byte("a"), 127)) {
		t.Error("128 times a is found in 127")
	}
	p = compilePattern(strings.Repeat("*a", 100) + "*b*")
	if p.match(bytes.Repeat([]byte("a"), 1<<20)) {
		t.Error("a b is found where there is none")
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("org.*.edit", "org.user.role.edit")
	f.Add("*a*ab*", "aaab")
	f.Add("a**b", "ab")
	f.Add("*", "\xff\n")
	f.Add("org.user", "org.user")
	f.Fuzz(func(t *testing.T, text, name string) {
		if !eventNameSyntax.MatchString(text) {
			t.Skip()
		}
		oracle := regexp.MustCompile(`(?s)\A` + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, `.*`) + `\z`)
		names := compileNames(set[string]{text: {}})
		if got, want := names.has([]byte(name)), oracle.MatchString(name); got != want {
			t.Errorf("%q matches %q: %t, want %t", text, name, got, want)
		}
	})
}
