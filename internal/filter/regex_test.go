package filter

import (
	"runtime"
	"strings"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Few bytes of a regular expression can take long to read and much to keep: they are
// refused before that.
func TestRegularExpressionsAreSmallOnceCompiled(t *testing.T) {
	for name, pattern := range map[string]string{
		"classes of Unicode":                       strings.Repeat(`[\pL\pN]`, 500),
		"wide ranges, case ignored":                `(?i)` + strings.Repeat(`[B-\x{1e942}]`, 300),
		"wide ranges in one class, case ignored":   `(?i)[` + strings.Repeat(`B-\x{1e942}`, 300) + `]`,
		"wide ranges, written out":                 `(?i)` + strings.Repeat("[B-\U0001e942]", 300),
		"a class of Unicode, repeated":             `^\pL{400}$`,
		"classes of Unicode in several operations": strings.Repeat(`")||"".matches(r"\pL`, 10),
	} {
		t.Run(name, func(t *testing.T) {
			text := `record.event.matches(r"` + pattern + `")`
			if len(text) > maxExpressionBytes {
				t.Fatalf("%d bytes", len(text))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it is taken")
			}
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(16<<20); got > most {
				t.Errorf("refusing it allocated %d bytes", got)
			}
		})
	}
}

func TestOrdinaryRegularExpressionsAreTaken(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		`(?i)^[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}$`, `[\pL\pN_-]{2,16}`, `(Größe|Änderung)-Ä`, `(?i)admin|owner`, `\bprod-\d+\b`,
	} {
		text := `record.event.matches(r"` + pattern + `")`
		if _, err := Compile([]*snykstreamv1.EventFilter{{Expression: text}}, nil, nil); err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// A plan's regular expressions are compiled with it, not again for each stream.
func TestStreamsShareRegularExpressions(t *testing.T) {
	plan, err := Compile([]*snykstreamv1.EventFilter{{Expression: `record.event.matches(r"^(org|group)\.[a-z]{2,100}$")`}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	plan.Matcher()
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(16<<10); got > most {
		t.Errorf("a stream more allocated %d bytes", got)
	}
}
