package collect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// rec writes a record of one instant: "name org user content", "-" for a part
// that it lacks.
func rec(text string) audit.Observed {
	parts := strings.Fields(text)
	raw := `{"created":"2026-11-01T00:00:00Z","event":"` + parts[0] + `"`
	for i, key := range []string{"org_id", "user_id", "content"} {
		if parts[i+1] != "-" {
			raw += fmt.Sprintf(`,"%s":"%s"`, key, parts[i+1])
		}
	}
	return audit.ReadRecord([]byte(raw + "}"))
}

// TestSift is what counts as new, by what is stored of an instant. A stored event
// is written "feed: record".
func TestSift(t *testing.T) {
	for name, c := range map[string]struct {
		feed   audit.Feed
		stored []string
		shown  []string
		again  bool
		// partly says that not every organization is read.
		partly bool
		fresh  []string
		wrote  int
	}{
		"nothing is stored":                   {feed: knownOrg, shown: []string{"org.edit o1 u a"}, fresh: []string{"org.edit o1 u a"}},
		"the same again":                      {feed: knownOrg, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 u a"}},
		"a twin more":                         {feed: knownOrg, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 u a", "org.edit o1 u a"}, fresh: []string{"org.edit o1 u a"}},
		"a rewrite":                           {feed: knownOrg, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 - b"}, wrote: 1},
		"a rewrite beside a new one":          {feed: knownOrg, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 w b", "org.edit o1 v c"}, fresh: []string{"org.edit o1 w b", "org.edit o1 v c"}},
		"a rewrite beside one of another":     {feed: knownOrg, stored: []string{"o1: org.edit o1 u a", "o1: org.edit o1 v c"}, shown: []string{"org.edit o1 u b", "org.edit o1 v c"}, wrote: 1},
		"the group shows it, with its org":    {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 u a"}},
		"the group shows it, without":         {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit - u a"}},
		"two organizations, the group both":   {feed: knownGroup, stored: []string{"o1: org.edit o1 u a", "o2: org.edit o2 u a"}, shown: []string{"org.edit - u a", "org.edit - u a"}},
		"two organizations, one not read":     {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit - u a", "org.edit - u a"}, fresh: []string{"org.edit - u a"}},
		"another organization's":              {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o2 u a"}, fresh: []string{"org.edit o2 u a"}},
		"worded differently, same user":       {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 u b"}},
		"worded differently, another user":    {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 v b"}, fresh: []string{"org.edit o1 v b"}},
		"the group's own":                     {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"group.edit - u a"}, fresh: []string{"group.edit - u a"}},
		"rewritten since":                     {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 - b"}, again: true},
		"rewritten since, without its org":    {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit - - b"}, again: true},
		"more than were there":                {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit - - b", "org.edit - - c"}, again: true, fresh: []string{"org.edit - - b", "org.edit - - c"}},
		"whose, where not all are read":       {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit - u b"}, partly: true, fresh: []string{"org.edit - u b"}},
		"whose, where all are read":           {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit - u b"}},
		"whose, where more could be it":       {feed: knownGroup, stored: []string{"o1: org.edit o1 u a", "o2: org.edit o2 u c"}, shown: []string{"org.edit - u b"}, fresh: []string{"org.edit - u b"}},
		"the user is gone":                    {feed: knownGroup, stored: []string{"o1: org.edit o1 u a"}, shown: []string{"org.edit o1 - a"}},
		"opens again, rewritten since":        {feed: knownOrg, stored: []string{"g: org.edit - u a"}, shown: []string{"org.edit o1 u b"}},
		"opens while others are closed":       {feed: knownOrg, stored: []string{"g: org.edit - u a"}, shown: []string{"org.edit o1 u b"}, partly: true, fresh: []string{"org.edit o1 u b"}},
		"new organization, group had it":      {feed: knownOrg, stored: []string{"g: org.edit o1 u a"}, shown: []string{"org.edit o1 u a"}},
		"new organization, had it bare":       {feed: knownOrg, stored: []string{"g: org.edit - u a"}, shown: []string{"org.edit o1 u a", "org.edit o1 v b"}, fresh: []string{"org.edit o1 v b"}},
		"new organization, group had group's": {feed: knownOrg, stored: []string{"g: group.edit - u a"}, shown: []string{"group.edit o1 u a"}, fresh: []string{"group.edit o1 u a"}},
		"another organization's events":       {feed: knownOrg, stored: []string{"o2: org.edit o2 u a"}, shown: []string{"org.edit o1 u a"}, fresh: []string{"org.edit o1 u a"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKnown(c.feed)
			_, err := k.ensure(t.Context(), audit.Interval{Start: midnight, End: forever}, 0, inFeeds(c.stored))
			if err != nil {
				t.Fatal(err)
			}
			var shown []audit.Observed
			text := map[string]string{}
			for _, s := range c.shown {
				o := rec(s)
				shown, text[string(o.Raw)] = append(shown, o), s
			}
			news := k.sift(shown, func(time.Time) bool { return c.again }, !c.partly)
			var fresh []string
			for _, f := range news.records {
				fresh = append(fresh, text[string(f.Raw)])
			}
			if !slices.Equal(fresh, c.fresh) || len(news.rewritten) != c.wrote {
				t.Errorf("new %q and %q rewritten, want %q and %d", fresh, news.rewritten, c.fresh, c.wrote)
			}
		})
	}
}

// inFeeds is a scan over "feed: record" texts.
func inFeeds(texts []string) scanner {
	return func(_ context.Context, _ time.Time, fn func(audit.StoredEvent) error) error {
		for _, text := range texts {
			id, record, _ := strings.Cut(text, ": ")
			feed := audit.Feed{Scope: audit.ScopeOrg, ID: id}
			if id == "g" {
				feed = knownGroup
			}
			o := rec(record)
			event := audit.Normalise(o, audit.Setting{SourceID: "s", Feed: feed, Occurrence: 1})
			if err := fn(audit.Stored(audit.Record{Event: event, Raw: o.Raw})); err != nil {
				return err
			}
		}
		return nil
	}
}
