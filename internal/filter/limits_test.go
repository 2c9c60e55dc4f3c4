package filter

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs/filters.md tells the limits as they are.
func TestThePageTellsTheLimits(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		fmt.Sprintf("| an expression | %d bytes; its parts lie %d deep", maxExpressionBytes, maxDepth),
		fmt.Sprintf("| all expressions of a request | %d bytes", maxExpressionsBytes),
		fmt.Sprintf("| %d RE2 instructions together, %d ranges of a class counting as one more; %d classes of Unicode",
			maxRegexes, runesPerInstruction/2, maxWideClasses),
		fmt.Sprintf("| a list of filters | %d filters |", maxFilters),
		fmt.Sprintf("| a field of a filter | %d values, `source_labels` %d; texts of %d characters |", maxValues, maxLabels, maxText),
		fmt.Sprintf("| an event name | %d `*`, several in a row counting as one |", maxStars),
		fmt.Sprintf("| all filters of a request, `include` and `exclude` together | %d values; %d event names with `*` |",
			maxRequestValues, maxPatterns),
		fmt.Sprintf("| %d units |", maxCost),
		fmt.Sprintf("a unit for each %d bytes, `matches` one for each %d bytes times instructions, and a time zone\n%d.",
			bytesPerUnit, regexStepsPerUnit, zoneCost),
	} {
		if !strings.Contains(string(page), said) {
			t.Errorf("the page does not say %q", said)
		}
	}
}
