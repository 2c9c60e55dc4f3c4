package telemetry

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v3"
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
	checked := 0
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			for _, metric := range name.FindAllString(rule.Expr, -1) {
				checked++
				if !known[metric] {
					t.Errorf("%s asks for %s, which there is not", rule.Alert, metric)
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
}
