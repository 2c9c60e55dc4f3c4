package audit

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// Every event name that Snyk documents, or that was seen, has its category.
func TestCategoriesGolden(t *testing.T) {
	names, err := os.ReadFile("testdata/event_names.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for name := range strings.FieldsSeq(string(names)) {
		category := strings.TrimPrefix(CategoryOf(name).String(), "EVENT_CATEGORY_")
		fmt.Fprintf(&out, "%-45s %s\n", name, category)
	}
	golden(t, "categories.golden", out.Bytes())
}

// The order decides where more than one category fits, and new names fall to the
// category of their words.
func TestCategoryOf(t *testing.T) {
	tests := map[string]snykstreamv1.EventCategory{
		"org.service_account.role.edit":        snykstreamv1.EventCategory_EVENT_CATEGORY_SERVICE_ACCOUNT,
		"org.service_accounts.token.rotate":    snykstreamv1.EventCategory_EVENT_CATEGORY_SERVICE_ACCOUNT,
		"group.user.role.policy.edit":          snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE,
		"group.license_rule.edit":              snykstreamv1.EventCategory_EVENT_CATEGORY_POLICY,
		"group.policies.sync":                  snykstreamv1.EventCategory_EVENT_CATEGORY_POLICY,
		"user.logged_in":                       snykstreamv1.EventCategory_EVENT_CATEGORY_AUTHENTICATION,
		"user.logged_out":                      snykstreamv1.EventCategory_EVENT_CATEGORY_AUTHENTICATION,
		"org.user.project.add":                 snykstreamv1.EventCategory_EVENT_CATEGORY_MEMBERSHIP,
		"user.created":                         snykstreamv1.EventCategory_EVENT_CATEGORY_MEMBERSHIP,
		"group.sso.membership.sync":            snykstreamv1.EventCategory_EVENT_CATEGORY_MEMBERSHIP,
		"user.org.notification_settings.edit":  snykstreamv1.EventCategory_EVENT_CATEGORY_SETTINGS,
		"org.project.settings.edit":            snykstreamv1.EventCategory_EVENT_CATEGORY_PROJECT,
		"org.integration.settings.edit":        snykstreamv1.EventCategory_EVENT_CATEGORY_INTEGRATION,
		"api.access":                           snykstreamv1.EventCategory_EVENT_CATEGORY_API_ACCESS,
		"org.api.access":                       snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
		"org.application.create":               snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
		"a.b.c.d.e.f.g.h.i.j.role":             snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE,
		"":                                     snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
		"...":                                  snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
		"ORG.ROLE.EDIT":                        snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
		"org.some\uFFFDthing." + "new.created": snykstreamv1.EventCategory_EVENT_CATEGORY_OTHER,
	}
	for name, want := range tests {
		if got := CategoryOf(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
