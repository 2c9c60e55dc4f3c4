package floors

import (
	"fmt"
	"slices"
	"strings"
)

// source is one Go file of the project.
type source struct {
	file    string   // from the repository's root, with slashes
	imports []string // packages of the project only, from the root: "internal/audit"
}

// check returns a sentence for each import that table does not allow, and for
// each room that has no row.
func check(table map[string][]string, sources []source) []string {
	var faults []string
	for _, src := range sources {
		from := room(dir(src.file))
		may, known := table[from]
		if !known {
			faults = append(faults, fmt.Sprintf(
				"%s: %s is a room without a row: add it to the table in internal/floors/rooms_test.go, on its floor, with what it may import",
				src.file, from))
			continue
		}
		if strings.HasSuffix(src.file, "_test.go") {
			continue
		}
		for _, imported := range src.imports {
			if why := refuse(from, room(imported), may); why != "" {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", src.file, imported, why))
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// refuse says why from may not import to, or nothing.
func refuse(from, to string, may []string) string {
	switch {
	case from == to:
		return ""
	case slices.Contains(testOnly, to):
		return to + " is for tests"
	case slices.Contains(may, anything), slices.Contains(may, to):
		return ""
	case len(may) == 0:
		return from + " imports nothing of the project"
	default:
		return fmt.Sprintf("%s may import %s only; declare an interface where it is used and join the two in server",
			from, strings.Join(may, ", "))
	}
}

// room is the room that a package belongs to.
func room(pkg string) string {
	parts := strings.Split(pkg, "/")
	if len(parts) == 1 {
		return pkg
	}
	if parts[0] == "internal" || parts[1] == "cmd" {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// dir is path.Dir, with the root as the empty name.
func dir(file string) string {
	i := strings.LastIndexByte(file, '/')
	return file[:max(i, 0)]
}
