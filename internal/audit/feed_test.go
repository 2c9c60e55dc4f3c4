package audit

import (
	"testing"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

func TestFeed(t *testing.T) {
	tests := map[string]struct {
		feed Feed
		text string
		log  snykstreamv1.LogType
	}{
		"organization": {Feed{ScopeOrg, testOrg}, "org/" + testOrg, snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT},
		"group":        {Feed{ScopeGroup, testGroup}, "group/" + testGroup, snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.feed.String() != test.text || test.feed.LogType() != test.log {
				t.Errorf("%v of %v", test.feed, test.feed.LogType())
			}
			if back, err := ParseFeed(test.text); err != nil || back != test.feed {
				t.Errorf("read back: %v, %v", back, err)
			}
		})
	}
	var none Feed
	if none.String() != "" || none.LogType() != snykstreamv1.LogType_LOG_TYPE_UNSPECIFIED {
		t.Errorf("no feed: %q of %v", none, none.LogType())
	}
}

func TestParseFeedRefuses(t *testing.T) {
	for _, text := range []string{"", "/", "org", "org/", "/" + testOrg, "tenant/" + testOrg, "Org/" + testOrg, testOrg} {
		if feed, err := ParseFeed(text); err == nil {
			t.Errorf("%q is read as %v", text, feed)
		}
	}
}
