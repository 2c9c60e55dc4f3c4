package grpcapi

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

var update = flag.Bool("update", false, "write docs/errors.md")

const reasonsPage = "../../docs/errors.md"

// rowOf is a reason's row.
func rowOf(reason snykstreamv1.ErrorReason) (reasonRow, bool) {
	at := slices.IndexFunc(reasonRows, func(row reasonRow) bool { return row.reason == reason })
	if at < 0 {
		return reasonRow{}, false
	}
	return reasonRows[at], true
}

func TestEveryReasonHasARow(t *testing.T) {
	for number, name := range snykstreamv1.ErrorReason_name {
		_, found := rowOf(snykstreamv1.ErrorReason(number))
		if known := number != 0; found != known {
			t.Errorf("%s: has a row: %t, want %t", name, found, known)
		}
	}
	for _, row := range reasonRows {
		if row.when == "" || row.do == "" {
			t.Errorf("%s: says not when it comes and what to do", row.reason)
		}
	}
}

// The reasons that kinds of error have by default come with the codes of the table.
func TestMappingsAgreeWithRows(t *testing.T) {
	for kind, to := range mappings {
		row, _ := rowOf(to.reason)
		if !slices.Contains(row.codes, to.code) {
			t.Errorf("kind %d: code %s is not among those of %s: %v", kind, to.code, to.reason, row.codes)
		}
	}
}

func TestErrorsPage(t *testing.T) {
	page := errorsPage()
	if *update {
		if err := os.WriteFile(reasonsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(reasonsPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, page) {
		t.Error("docs/errors.md is not what the table says: go test ./internal/grpcapi -run TestErrorsPage -update")
	}
}

func errorsPage() []byte {
	var out bytes.Buffer
	out.WriteString(`<!-- Made by: go test ./internal/grpcapi -run TestErrorsPage -update -->
# Errors

Every error has a standard status code and an ` + "`ErrorInfo`" + ` with the domain ` + "`" + Domain + "`" + ` and one of the reasons
below. Branch on the code, then on the reason; messages are for people and may change. Details that may come with it:

- ` + "`BadRequest`" + ` with INVALID_ARGUMENT: every bad field at once, as its path from the request's root in proto
  names (` + "`source.snyk.poll_interval`, `include[0].event_names[1]`, `source.labels[\"team\"]`" + `), with what would be
  right. A value that was sent as text is never repeated. Of very many, the last one named says how many more
  there are.
- ` + "`PreconditionFailure`" + ` with FAILED_PRECONDITION: a violation for each check that failed.
- ` + "`RetryInfo`" + ` with UNAVAILABLE, and with RESOURCE_EXHAUSTED but for ` + "`EXPRESSION_COST`" + `: how long to wait before the next try.

gRPC itself refuses what never reaches a service, such as an unknown compression. Those errors have a code and no
` + "`ErrorInfo`" + `, and so do CANCELLED and DEADLINE_EXCEEDED where the client's own library answers them. Health and
reflection answer as their protocols say.

## Reasons

| reason | code | when | what to do |
|---|---|---|---|
`)
	var feed []string
	for _, row := range reasonRows {
		if len(row.codes) > 0 {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", reasonName(row.reason), codeNames(row.codes), row.when, row.do)
		}
		if row.reason >= snykstreamv1.ErrorReason_ERROR_REASON_SNYK_UNAUTHENTICATED {
			feed = append(feed, fmt.Sprintf("| `%s` | %s | %s |\n", reasonName(row.reason), row.when, row.do))
		}
	}
	out.WriteString("\n## Reasons in `FeedStatus.last_error`\n\nWhat went wrong in collecting a feed. It is always tried again; `retry_time` says when.\n" +
		"A feed may also show `SNYK_UNAVAILABLE` and `STORE_UNAVAILABLE` of the table above.\n\n" +
		"| reason | when | what to do |\n|---|---|---|\n" + strings.Join(feed, ""))
	return out.Bytes()
}

// codeNames are codes as the gRPC specification spells them.
func codeNames(of []codes.Code) string {
	names := make([]string, 0, len(of))
	for _, code := range of {
		name := strings.ToUpper(strings.Join(words(code.String()), "_"))
		names = append(names, strings.Replace(name, "CANCELED", "CANCELLED", 1))
	}
	return strings.Join(names, ", ")
}

// words splits CamelCase.
func words(text string) []string {
	var out []string
	for i, r := range text {
		if i == 0 || (r >= 'A' && r <= 'Z') {
			out = append(out, "")
		}
		out[len(out)-1] += string(r)
	}
	return out
}
