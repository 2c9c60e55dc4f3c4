package telemetry

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// TestAlertRules: every alert asks for metrics that there are, and tells what to
// do.
func TestAlertRules(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary, Description string }
			}
		}
	}
	if err := yaml.Unmarshal(content, &rules); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, def := range NewMetrics().reference {
		known[def.name] = true
	}
	name := regexp.MustCompile(`snykstream_[a-z_]+`)
	selected := regexp.MustCompile(`(\w+)=~?"([^"]+)"`)
	values := labelValues()
	checked, alerts, awaited := 0, map[string]bool{}, map[string]bool{}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			alerts[rule.Alert] = true
			for _, metric := range name.FindAllString(rule.Expr, -1) {
				checked++
				if !known[metric] {
					t.Errorf("%s asks for %s, which there is not", rule.Alert, metric)
				}
			}
			for _, label := range selected.FindAllStringSubmatch(rule.Expr, -1) {
				for value := range strings.SplitSeq(label[2], "|") {
					awaited[value] = true
					if !values[label[1]][value] {
						t.Errorf("%s waits for %s %q, which never comes", rule.Alert, label[1], value)
					}
				}
			}
			if rule.Annotations.Summary == "" || rule.Annotations.Description == "" {
				t.Errorf("%s does not say what to do", rule.Alert)
			}
		}
	}
	if checked == 0 {
		t.Error("no rule was checked")
	}
	well := []string{"UNSPECIFIED", "PAUSED", "BACKFILLING", "HEALTHY"}
	for state := range values["state"] {
		if awaited[state] == slices.Contains(well, state) {
			t.Errorf("an alert waits for %s: %v", state, awaited[state])
		}
	}
	for _, alert := range []string{
		"SnykstreamFeedBehind", "SnykstreamSourceRejected", "SnykstreamSourceTroubled", "SnykstreamCredentialExpires", "SnykstreamCredentialExpired",
		"SnykstreamPollsStretched", "SnykstreamDropOff", "SnykstreamTimeLost", "SnykstreamEventsLost", "SnykstreamStoreFailing",
	} {
		if !alerts[alert] {
			t.Errorf("nothing raises %s", alert)
		}
	}
}

// labelValues are the values that the labels used in alerts can have.
func labelValues() map[string]map[string]bool {
	values := map[string]map[string]bool{
		"state": {}, "result": {}, "reason": {audit.GapSnykRetention: true, audit.GapJournalLoss: true, audit.GapRetention: true},
	}
	for _, name := range snykstreamv1.SourceState_name {
		values["state"][strings.TrimPrefix(name, "SOURCE_STATE_")] = true
	}
	for _, err := range []error{nil, audit.ErrFenced, audit.ErrUnknownOutcome, &audit.Error{Kind: audit.KindUnavailable}, errors.New("any")} {
		values["result"][appendResult(err)] = true
	}
	return values
}
