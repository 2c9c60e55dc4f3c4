package floors

import (
	"bufio"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// The files are read in-process: a test that asked the go command would be
// served stale from the test cache.
func TestImportsPointDown(t *testing.T) {
	sources := readSources(t)
	if len(sources) == 0 {
		t.Fatal("no Go file found: the test looks in the wrong place")
	}
	for _, fault := range check(table, sources) {
		t.Error(fault)
	}
}

func TestCheckFindsFaults(t *testing.T) {
	tests := map[string]struct {
		file, imports string
		fault         string // part of the sentence; empty: none
	}{
		"down":                        {"internal/journal/append.go", "internal/audit", ""},
		"own subpackage":              {"internal/journal/append.go", "internal/journal/token", ""},
		"generated":                   {"client/client.go", "gen/snykstream/v1", ""},
		"top":                         {"server/server.go", "internal/journal", ""},
		"demo":                        {"server/demo.go", "internal/snyksim", ""},
		"command":                     {"server/cmd/snyksim/main.go", "internal/snyksim", ""},
		"test harness wires":          {"internal/servertest/servertest.go", "server", ""},
		"test meets a sibling":        {"internal/collect/loop_test.go", "internal/journal", ""},
		"test uses the harness":       {"client/client_test.go", "internal/servertest", ""},
		"adapter meets adapter":       {"internal/journal/append.go", "internal/registry", "may import gen, internal/audit"},
		"adapter's subpackage":        {"internal/journal/token/token.go", "internal/seal", "internal/journal may import"},
		"paths meet":                  {"internal/collect/loop.go", "internal/grpcapi", "join the two in server"},
		"path meets adapter":          {"internal/grpcapi/stream.go", "internal/journal", "join the two in server"},
		"path meets engine":           {"internal/collect/loop.go", "internal/engine", "join the two in server"},
		"up":                          {"internal/audit/event.go", "internal/filter", "may import gen"},
		"simulator stands alone":      {"internal/snyksim/handler.go", "internal/audit", "imports nothing of the project"},
		"client looks inside":         {"client/client.go", "internal/audit", "may import gen"},
		"internal imports server":     {"internal/health/health.go", "server", "may import"},
		"internal imports client":     {"internal/health/health.go", "client", "may import"},
		"production uses the harness": {"server/server.go", "internal/servertest", "is for tests"},
		"command uses the harness":    {"server/cmd/snykstreamd/main.go", "internal/servertest", "is for tests"},
		"new room":                    {"internal/cellar/cellar.go", "internal/audit", "without a row: add it to the table"},
		"new room, test only":         {"internal/cellar/cellar_test.go", "internal/audit", "without a row: add it to the table"},
		"new folder at the top":       {"attic/attic.go", "internal/audit", "without a row: add it to the table"},
		"code at the root":            {"main.go", "server", "without a row: add it to the table"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			faults := check(table, []source{{file: tt.file, imports: []string{tt.imports}}})
			switch {
			case tt.fault == "" && len(faults) > 0:
				t.Errorf("want no fault, got %q", faults)
			case tt.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.fault)):
				t.Errorf("want one fault with %q, got %q", tt.fault, faults)
			}
		})
	}
}

// A row that names a room wrongly would allow nothing and look as if it did.
func TestTableNamesItsOwnRooms(t *testing.T) {
	for from, may := range table {
		for _, to := range may {
			if _, known := table[to]; !known && to != anything {
				t.Errorf("the row of %s allows %s, which has no row", from, to)
			}
		}
	}
	for _, to := range testOnly {
		if _, known := table[to]; !known {
			t.Errorf("%s is said to be for tests, and has no row", to)
		}
	}
}

// readSources parses the imports of every Go file of this module.
func readSources(t *testing.T) []source {
	t.Helper()
	prefix := modulePath(t) + "/"
	var sources []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(path, entry.Name())
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := readSource(path, prefix)
		sources = append(sources, src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// skipDir leaves out what the go command leaves out: hidden folders, test
// data, and folders with a module of their own.
func skipDir(path, name string) error {
	if path == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return fs.SkipDir
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	switch {
	case err == nil:
		return fs.SkipDir
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

func readSource(path, prefix string) (source, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return source{}, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return source{}, err
	}
	src := source{file: filepath.ToSlash(rel)}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		if pkg, ours := strings.CutPrefix(imported, prefix); ours {
			src.imports = append(src.imports, pkg)
		}
	}
	return src, nil
}

func modulePath(t *testing.T) string {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if path, found := strings.CutPrefix(lines.Text(), "module "); found {
			return strings.TrimSpace(path)
		}
	}
	t.Fatal("go.mod names no module")
	return ""
}
