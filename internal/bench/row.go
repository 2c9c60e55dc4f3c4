package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Units of figures.
const (
	perSecond = "events/s"
	micros    = "µs CPU/event"
	millis    = "ms"
	seconds   = "s"
	kibibytes = "KiB"
	mebibytes = "MiB"
)

// row is a figure beside its limit.
type row struct {
	Scenario string  `json:"scenario"`
	Unit     string  `json:"unit,omitempty"`
	Figure   float64 `json:"figure"`
	// Limit is the same measured of LimitIs, in this run.
	Limit   float64 `json:"limit"`
	LimitIs string  `json:"limit_is,omitempty"`
	// Ratio is figure to limit: the median where there were several rounds, each with
	// its own, of which Least and Most are the extremes.
	Ratio float64 `json:"ratio"`
	Least float64 `json:"ratio_least,omitempty"`
	Most  float64 `json:"ratio_most,omitempty"`
	// Target is what the project set itself; none where nothing is set.
	Target target `json:"target"`
	// Note says why there is no figure, or what to know of it.
	Note string `json:"note,omitempty"`
}

// target is a bound on the ratio or on the figure. The zero value is none.
type target struct {
	// AtLeast bounds the ratio from below.
	AtLeast float64 `json:"ratio_at_least,omitempty"`
	// Below bounds the figure from above, in its unit.
	Below float64 `json:"figure_below,omitempty"`
}

// compare is the row of a figure and a limit that were measured once.
func compare(name, unit string, figure, limit float64, limitIs string, goal target) row {
	r := row{Scenario: name, Unit: unit, Figure: figure, Limit: limit, LimitIs: limitIs, Target: goal}
	if figure > 0 && limit > 0 {
		r.Ratio = figure / limit
	}
	return r
}

// medians is the row of figures and limits that were measured in turns: of each the
// median, and the median of the rounds' ratios, since a machine that is slower for a
// while is so for both.
func medians(name, unit string, figures, limits []float64, limitIs string, goal target) row {
	var ratios []float64
	for i := range figures {
		ratios = append(ratios, figures[i]/limits[i])
	}
	r := compare(name, unit, median(figures), median(limits), limitIs, goal)
	r.Ratio, r.Least, r.Most = median(ratios), quantile(ratios, 0), quantile(ratios, 1)
	return r
}

func (t target) String() string {
	switch {
	case t.AtLeast > 0:
		return fmt.Sprintf("ratio ≥ %.2g", t.AtLeast)
	case t.Below > 0:
		return fmt.Sprintf("< %s", number(t.Below))
	}
	return "-"
}

// measured says that the row has a figure.
func (r row) measured() bool { return r.Unit != "" }

// verdict says whether the target is met.
func (r row) verdict() string {
	switch t := r.Target; {
	case !r.measured() || t == target{}:
		return "-"
	case t.AtLeast > 0 && r.Ratio >= t.AtLeast, t.Below > 0 && r.Figure < t.Below:
		return "met"
	}
	return "MISSED"
}

// cells are the row as the table shows it.
func (r row) cells() []string {
	if !r.measured() {
		return []string{r.Scenario, r.Note, "", "", "", ""}
	}
	limit, ratio := "-", "-"
	if r.LimitIs != "" {
		limit = number(r.Limit) + " (" + r.LimitIs + ")"
	}
	if r.Ratio > 0 {
		ratio = fmt.Sprintf("%.2f", r.Ratio)
	}
	if r.Most > r.Least {
		ratio += fmt.Sprintf(" (%.2f to %.2f)", r.Least, r.Most)
	}
	verdict := r.verdict()
	if r.Note != "" {
		verdict += "; " + r.Note
	}
	return []string{r.Scenario, number(r.Figure) + " " + r.Unit, limit, ratio, r.Target.String(), verdict}
}

// number writes three digits, or a large number whole with its thousands apart.
func number(v float64) string {
	if math.Abs(v) < 1000 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	if v < 0 {
		return "-" + number(-v)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
