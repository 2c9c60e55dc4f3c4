package grpcapi

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// clockLead is how far a caller's clock may be ahead of ours.
const clockLead = 10 * time.Second

// requiredProblems are what a source lacks. They hold for a source that is to be
// stored, not for a patch.
func requiredProblems(path string, source *snykstreamv1.Source) []audit.FieldProblem {
	var problems []audit.FieldProblem
	if strings.TrimSpace(source.GetDisplayName()) == "" {
		problems = append(problems, audit.FieldProblem{
			Field:       join(path, "display_name"),
			Description: fmt.Sprintf("is required: 1 to %d characters", audit.MaxDisplayNameInRunes),
		})
	}
	if source.GetSnyk() == nil {
		return append(problems, audit.FieldProblem{Field: join(path, "snyk"), Description: "is required: what to read from Snyk"})
	}
	return append(problems, targetProblems(join(path, "snyk"), source.GetSnyk())...)
}

// valueProblems are what is wrong with the values that are set.
func valueProblems(path string, source *snykstreamv1.Source, now time.Time) []audit.FieldProblem {
	problems := nameProblems(join(path, "display_name"), source.GetDisplayName())
	problems = append(problems, labelProblems(join(path, "labels"), source.GetLabels())...)
	problems = append(problems, configProblems(join(path, "snyk"), source.GetSnyk(), now)...)
	return append(problems, durationProblems(join(path, "drop_off_alarm.threshold"), source.GetDropOffAlarm().GetThreshold())...)
}

func nameProblems(path, name string) []audit.FieldProblem {
	if n := utf8.RuneCountInString(name); n > audit.MaxDisplayNameInRunes {
		return []audit.FieldProblem{{
			Field:       path,
			Description: fmt.Sprintf("must have 1 to %d characters, got %d", audit.MaxDisplayNameInRunes, n),
		}}
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return []audit.FieldProblem{{Field: path, Description: "must be one line without control characters"}}
	}
	return nil
}

func labelProblems(path string, labels map[string]string) []audit.FieldProblem {
	var problems []audit.FieldProblem
	if len(labels) > audit.MaxLabels {
		problems = append(problems, audit.FieldProblem{
			Field: path, Description: fmt.Sprintf("must have at most %d entries, got %d", audit.MaxLabels, len(labels)),
		})
	}
	for key, value := range labels {
		if n := utf8.RuneCountInString(key); n < 1 || n > audit.MaxLabelKey {
			problems = append(problems, audit.FieldProblem{
				Field:       keyPath(path, key),
				Description: fmt.Sprintf("must have a key of 1 to %d characters, got %d", audit.MaxLabelKey, n),
			})
		}
		if n := utf8.RuneCountInString(value); n > audit.MaxLabelValue {
			problems = append(problems, audit.FieldProblem{
				Field:       keyPath(path, key),
				Description: fmt.Sprintf("must have a value of at most %d characters, got %d", audit.MaxLabelValue, n),
			})
		}
	}
	return problems
}

// configProblems are those of the values of a Snyk configuration.
func configProblems(path string, config *snykstreamv1.SnykConfig, now time.Time) []audit.FieldProblem {
	var problems []audit.FieldProblem
	if from := config.GetCollectFrom(); from != nil {
		field := join(path, "collect_from")
		switch {
		case !from.IsValid():
			problems = append(problems, audit.FieldProblem{Field: field, Description: "must be a time of the years 1 to 9999"})
		case from.AsTime().After(now.Add(clockLead)):
			problems = append(problems, audit.FieldProblem{
				Field: field, Description: "must not be in the future, got " + from.AsTime().Format(time.RFC3339),
			})
		}
	}
	return append(problems, durationProblems(join(path, "poll_interval"), config.GetPollInterval())...)
}

// durationProblems are those that a range does not show.
func durationProblems(path string, d *durationpb.Duration) []audit.FieldProblem {
	if d == nil || d.IsValid() {
		return nil
	}
	return []audit.FieldProblem{{Field: path, Description: "must be a duration whose seconds and nanos have one sign"}}
}
