package filter

import (
	"slices"
	"strconv"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// problems gathers what is wrong with a request's filters, so that a caller
// learns all of it at once.
type problems []audit.FieldProblem

func (p *problems) malformed(path, words string) {
	*p = append(*p, audit.FieldProblem{
		Field: path, Description: words,
		Reason: snykstreamv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
	})
}

func (p *problems) unsupported(path, words string) {
	*p = append(*p, audit.FieldProblem{
		Field: path, Description: words,
		Reason: snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED,
	})
}

// under says whether a problem was found at the path or below it.
func (p *problems) under(path string) bool {
	return slices.ContainsFunc(*p, func(f audit.FieldProblem) bool {
		return f.Field == path || strings.HasPrefix(f.Field, path+".")
	})
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
