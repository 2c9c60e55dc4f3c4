package snyk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLimitsThatAnAnswerNames(t *testing.T) {
	day := 24 * time.Hour
	tests := map[string]struct {
		lines []string
		want  []Window
	}{
		"as Snyk writes it": {
			[]string{`160, 160;w=1;name="a", 1620;w=60;name="b", 97200;w=3600;name="c"`},
			[]Window{{160, time.Second}, {1620, time.Minute}, {97_200, time.Hour}},
		},
		"no header":                  {nil, nil},
		"empty":                      {[]string{""}, nil},
		"a number alone":             {[]string{"1620"}, nil},
		"one limit alone":            {[]string{`500;w=60`}, []Window{{500, time.Minute}}},
		"several lines":              {[]string{"160", `5;w=1`, `50;w=60, 7;w=2`}, []Window{{5, time.Second}, {50, time.Minute}, {7, 2 * time.Second}}},
		"no spaces":                  {[]string{`160,160;w=1;name="a",9;w=60`}, []Window{{160, time.Second}, {9, time.Minute}}},
		"spaces everywhere":          {[]string{"\t160 ,  160 ; w = 1 ; name = \"a\" ,9;w=60 "}, []Window{{160, time.Second}, {9, time.Minute}}},
		"the time last":              {[]string{`9;name="a";policy=x;w=60`}, []Window{{9, time.Minute}}},
		"separators in a name":       {[]string{`9;name="a, 1;w=5 \" ;w=7, ";w=60, 3;w=1`}, []Window{{9, time.Minute}, {3, time.Second}}},
		"a name without an end":      {[]string{`9;w=60, 8;name="x;w=1, 7;w=2`, `6;w=5`}, []Window{{9, time.Minute}, {6, 5 * time.Second}}},
		"two of one time":            {[]string{`9;w=60;name="a", 5;w=60;name="b", 7;w=60`}, []Window{{5, time.Minute}}},
		"the least and the most":     {[]string{`1;w=1, 1073741824;w=86400`}, []Window{{1, time.Second}, {1 << 30, day}}},
		"a count of none":            {[]string{`0;w=60`}, nil},
		"a count below none":         {[]string{`-5;w=60`}, nil},
		"a count in parts":           {[]string{`1.5;w=60`}, nil},
		"a count in words":           {[]string{`many;w=60, 5;w=1`}, []Window{{5, time.Second}}},
		"a count without end":        {[]string{`99999999999999999999999;w=60, 1073741825;w=60`}, nil},
		"no time at all":             {[]string{`5;w=0, 5;w=, 5;w, 5;window=60`}, nil},
		"a time below none":          {[]string{`5;w=-60`}, nil},
		"a time of more than a day":  {[]string{`5;w=86401, 5;w=9999999999999`}, nil},
		"a time in words":            {[]string{`5;w=minute, 5;w="60"`}, nil},
		"a page instead of a header": {[]string{`<html>, ;;;, ,,,= "`}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := readLimits(http.Header{"X-Ratelimit-Limit": test.lines})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimitsOfAnAnswerAreBounded(t *testing.T) {
	var many strings.Builder
	for n := range 10_000 {
		fmt.Fprintf(&many, "5;w=%d,", n+1)
	}
	if got := readLimits(http.Header{"X-Ratelimit-Limit": {many.String()}}); len(got) != maxWindows {
		t.Errorf("%d windows, want %d", len(got), maxWindows)
	}
}

// TestForeignLimitIsHealed has one answer of a proxy among those of Snyk.
func TestForeignLimitIsHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := newClients(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			told := `160, 160;w=1;name="a", 1620;w=60;name="b", 97200;w=3600;name="c"`
			if asked == 1 {
				told = "144;w=86400"
			}
			answering(200, empty, "X-Ratelimit-Limit", told)(w, nil)
		}).For(us, key)
		start := time.Now()
		for n, want := range []float64{72.0 / 86400, 13.5} {
			if _, err := search(t, client); err != nil {
				t.Fatal(err)
			}
			if got := client.Pace(); got != want {
				t.Errorf("pace %v after answer %d, want %v", got, n+1, want)
			}
		}
		healed := time.Now()
		for range 80 {
			if _, err := search(t, client); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(healed); took > 10*time.Second {
			t.Errorf("80 requests took %v after the %v of the foreign limit", took, healed.Sub(start))
		}
	})
}

func TestAdoptedLimits(t *testing.T) {
	base := []Window{{160, time.Second}, {1620, time.Minute}}
	tests := map[string]struct{ known, told, want []Window }{
		"nothing":                       {base, nil, base},
		"the same":                      {base, base, base},
		"one changed, one stays":        {base, []Window{{300, time.Minute}}, []Window{{160, time.Second}, {300, time.Minute}}},
		"one more":                      {base, []Window{{9, time.Hour}}, append(base[:2:2], Window{9, time.Hour})},
		"as low as it says":             {base, []Window{{1, time.Second}}, []Window{{1, time.Second}, {1620, time.Minute}}},
		"ten times as much":             {base, []Window{{1600, time.Second}}, []Window{{1600, time.Second}, {1620, time.Minute}}},
		"beyond belief":                 {base, []Window{{1601, time.Second}, {1_000_000_000, time.Minute}}, base},
		"low beyond belief":             {base, []Window{{1, time.Hour}, {143, 24 * time.Hour}}, base},
		"a foreign one goes":            {append(base[:2:2], Window{144, 24 * time.Hour}), base, base},
		"one named again stays":         {append(base[:2:2], Window{9, time.Hour}), []Window{{8, time.Hour}}, append(base[:2:2], Window{8, time.Hour})},
		"one stays where none are told": {append(base[:2:2], Window{9, time.Hour}), nil, append(base[:2:2], Window{9, time.Hour})},
		"one of base stays as known":    {[]Window{{100, time.Second}, {1620, time.Minute}}, []Window{{300, time.Minute}}, []Window{{100, time.Second}, {300, time.Minute}}},
		"beyond belief, step two":       {[]Window{{1600, time.Second}}, []Window{{1601, time.Second}}, []Window{{1600, time.Second}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, adopted(test.known, base, test.told)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	known := base
	for n := range 100 {
		known = adopted(known, base, []Window{{5, time.Duration(n+100) * time.Second}})
	}
	if want := append(base[:2:2], Window{5, 199 * time.Second}); !slices.Equal(known, want) {
		t.Errorf("%v are known after many answers, want %v", known, want)
	}
	var many []Window
	for n := range maxWindows {
		many = append(many, Window{5, time.Duration(n+100) * time.Second})
	}
	if got := adopted(base, base, many); len(got) != maxWindows {
		t.Errorf("%d windows are known after one answer, want %d", len(got), maxWindows)
	}
}
