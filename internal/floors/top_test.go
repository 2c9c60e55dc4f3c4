package floors

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// top is what the root of the repository holds, beside dotfiles that tools
// look for. A newcomer reads this list first: it grows only with a reason.
var top = []string{
	"CHANGELOG.md", "LICENSE", "README.md",
	"buf.gen.yaml", "buf.yaml", "go.mod", "go.sum",
	"client", "deploy", "docs", "gen", "internal", "proto", "server", "third_party", "tools",
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored := readIgnored(t)
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || slices.Contains(top, name) || matches(ignored, name) {
			continue
		}
		t.Errorf("%s lies at the top of the repository: move it into a room, or add it to the list in internal/floors/top_test.go", name)
	}
}

// readIgnored returns the patterns of .gitignore that can match at the root,
// so that what a build or a demo leaves in a work tree is no fault.
func readIgnored(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for line := range strings.Lines(string(text)) {
		pattern := strings.Trim(strings.TrimSpace(line), "/")
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		if _, err := path.Match(pattern, ""); err != nil || strings.HasPrefix(pattern, "!") {
			t.Fatalf(".gitignore: this test cannot read %q (%v)", pattern, err)
		}
		patterns = append(patterns, pattern)
	}
	return patterns
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		found, err := path.Match(pattern, name)
		return err == nil && found
	})
}
