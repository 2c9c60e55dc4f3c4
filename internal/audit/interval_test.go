package audit

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ms is an instant a few milliseconds after another.
func ms(n int) time.Time { return at.Add(time.Duration(n) * time.Millisecond) }

// span makes intervals of pairs of milliseconds.
func span(bounds ...int) Intervals {
	var out Intervals
	for pair := range slices.Chunk(bounds, 2) {
		out = append(out, Interval{ms(pair[0]), ms(pair[1])})
	}
	return out
}

func TestIntervalsAdd(t *testing.T) {
	tests := map[string]struct {
		set   Intervals
		start int
		end   int
		want  Intervals
	}{
		"to nothing":           {nil, 1, 2, span(1, 2)},
		"empty":                {span(1, 2), 5, 5, span(1, 2)},
		"backwards":            {span(1, 2), 6, 5, span(1, 2)},
		"before":               {span(5, 7), 1, 3, span(1, 3, 5, 7)},
		"after":                {span(1, 3), 5, 7, span(1, 3, 5, 7)},
		"between":              {span(1, 2, 8, 9), 4, 5, span(1, 2, 4, 5, 8, 9)},
		"touches the end":      {span(1, 3), 3, 5, span(1, 5)},
		"touches the start":    {span(3, 5), 1, 3, span(1, 5)},
		"fills a hole":         {span(1, 3, 5, 7), 3, 5, span(1, 7)},
		"overlaps":             {span(1, 4), 3, 6, span(1, 6)},
		"inside":               {span(1, 9), 3, 6, span(1, 9)},
		"around all":           {span(2, 3, 5, 6), 1, 9, span(1, 9)},
		"around some":          {span(1, 2, 4, 5, 7, 8, 10, 11), 3, 9, span(1, 2, 3, 9, 10, 11)},
		"the same once more":   {span(1, 2, 4, 5), 4, 5, span(1, 2, 4, 5)},
		"one instant from two": {span(1, 3, 5, 7), 3, 4, span(1, 4, 5, 7)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.set)
			got := test.set.Add(Interval{ms(test.start), ms(test.end)})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, test.set); diff != "" {
				t.Errorf("the set was changed: -before +after:\n%s", diff)
			}
		})
	}
}

func TestIntervalsMissing(t *testing.T) {
	tests := map[string]struct {
		set        Intervals
		start, end int
		want       Intervals
	}{
		"of nothing":          {nil, 1, 5, span(1, 5)},
		"nothing asked":       {span(1, 2), 5, 5, nil},
		"backwards":           {span(1, 2, 4, 9), 7, 3, nil},
		"all there":           {span(1, 9), 1, 9, nil},
		"more than all there": {span(0, 10), 1, 9, nil},
		"the middle":          {span(1, 3, 6, 9), 1, 9, span(3, 6)},
		"both ends":           {span(3, 6), 1, 9, span(1, 3, 6, 9)},
		"beyond the set":      {span(1, 3), 5, 9, span(5, 9)},
		"before the set":      {span(5, 9), 1, 3, span(1, 3)},
		"up to the set":       {span(5, 9), 1, 5, span(1, 5)},
		"inside a hole":       {span(1, 3, 8, 9), 4, 6, span(4, 6)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test.set.Missing(Interval{ms(test.start), ms(test.end)})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestIntervalsEnding(t *testing.T) {
	set := span(1, 4, 6, 9)
	for end, want := range map[int]Interval{
		0: {ms(0), ms(0)}, 1: {ms(1), ms(1)}, 2: {ms(1), ms(2)}, 4: {ms(1), ms(4)},
		5: {ms(5), ms(5)}, 6: {ms(6), ms(6)}, 9: {ms(6), ms(9)}, 10: {ms(10), ms(10)},
	} {
		if got := set.Ending(ms(end)); got != want {
			t.Errorf("ending at %d: %v", end, got)
		}
	}
}

// Intervals do what a plain set of milliseconds does, whatever is added in
// whatever order.
func TestIntervalsAreASet(t *testing.T) {
	const size = 40
	rapid.Check(t, func(t *rapid.T) {
		var set Intervals
		var naive [size]bool
		draw := func(name string) (start, end int) {
			return rapid.IntRange(0, size).Draw(t, name+" from"), rapid.IntRange(0, size).Draw(t, name+" to")
		}
		for range rapid.IntRange(0, 12).Draw(t, "additions") {
			start, end := draw("add")
			before := slices.Clone(set)
			added := set.Add(Interval{ms(start), ms(end)})
			if !slices.Equal(before, set) {
				t.Fatalf("adding changed %v to %v", before, set)
			}
			set = added
			for i := start; i < end; i++ {
				naive[i] = true
			}
		}
		for i, iv := range set {
			if iv.Empty() || i > 0 && !set[i-1].End.Before(iv.Start) {
				t.Fatalf("not disjoint, apart and in order: %v", set)
			}
		}
		start, end := draw("missing")
		missing := set.Missing(Interval{ms(start), ms(end)})
		for i := range size {
			if set.Contains(ms(i)) != naive[i] {
				t.Fatalf("contains %d: %v", i, !naive[i])
			}
			if want := !naive[i] && start <= i && i < end; missing.Contains(ms(i)) != want {
				t.Fatalf("missing %d in [%d, %d): %v, set %v", i, start, end, missing, set)
			}
		}
		checkWithoutAnd(t, set, Interval{ms(start), ms(end)}, size)
		for _, iv := range missing {
			set = set.Add(iv)
		}
		if len(set.Missing(Interval{ms(start), ms(end)})) != 0 {
			t.Fatalf("something is still missing: %v", set)
		}
	})
}

// checkWithoutAnd holds that taking iv away and keeping only iv part the set in two.
func checkWithoutAnd(t *rapid.T, set Intervals, iv Interval, size int) {
	t.Helper()
	without, both := set.Without(iv), set.And(Intervals{}.Add(iv))
	for i := range size {
		in, asked := set.Contains(ms(i)), iv.Contains(ms(i))
		if without.Contains(ms(i)) != (in && !asked) || both.Contains(ms(i)) != (in && asked) {
			t.Fatalf("%d of %v and %v: without %v, both %v", i, set, iv, without, both)
		}
	}
	for _, part := range []Intervals{without, both} {
		for i, have := range part {
			if have.Empty() || i > 0 && !part[i-1].End.Before(have.Start) {
				t.Fatalf("not disjoint, apart and in order: %v", part)
			}
		}
	}
}
