package server

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	boards "github.com/snykstream/snykstream/internal/health"
)

// kept is a journal that keeps so much of a source.
type kept struct {
	states map[audit.Feed]audit.FeedState
	err    error
}

func (k kept) Load(context.Context, string) (audit.Snapshot, error) {
	return audit.Snapshot{Feeds: k.states}, k.err
}

// readTo is the state of a feed that is read to a minute and has so many events.
func readTo(minute int, events uint64) audit.FeedState {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return audit.FeedState{LastSequence: events, Lanes: []audit.Lane{
		{Covered: audit.Intervals{{Start: at, End: at.Add(time.Duration(minute) * time.Minute)}}},
	}}
}

// TestLedgers: of what the journal keeps and what the collector says the fresher
// counts, feed by feed, and no feed is left out.
func TestLedgers(t *testing.T) {
	org := func(id string) audit.Feed { return audit.Feed{Scope: audit.ScopeOrg, ID: id} }
	rec := audit.SourceRecord{Source: &snykstreamv1.Source{Id: "mine", Snyk: &snykstreamv1.SnykConfig{OrganizationId: "o"}}}
	board := &boards.Board{}
	l := ledgers{journal: kept{}, board: board}
	check := func(want map[audit.Feed]audit.FeedState) {
		t.Helper()
		got, err := l.Ledgers(t.Context(), rec)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, (-want +got):\n%s", err, diff)
		}
	}
	check(map[audit.Feed]audit.FeedState{org("o"): {}})

	l.journal = kept{states: map[audit.Feed]audit.FeedState{
		org("left"): readTo(1, 5), org("fresh"): readTo(2, 5), org("stale"): readTo(3, 6), org("unloaded"): readTo(4, 0), org("unheard"): readTo(5, 1),
	}}
	board.Roster("mine", []audit.Feed{org("fresh"), org("stale"), org("unloaded"), org("unheard"), org("new"), org("never")}, nil)
	for feed, state := range map[string]audit.FeedState{
		"fresh": readTo(12, 5), "stale": readTo(13, 5), "unloaded": {}, "new": readTo(14, 0),
	} {
		board.Report(audit.FeedReport{SourceID: "mine", Feed: org(feed), State: state})
	}
	check(map[audit.Feed]audit.FeedState{
		org("left"): readTo(1, 5), org("fresh"): readTo(12, 5), org("stale"): readTo(3, 6), org("unloaded"): readTo(4, 0),
		org("unheard"): readTo(5, 1), org("new"): readTo(14, 0), org("never"): {},
	})

	for feed, want := range map[string]bool{"left": true, "fresh": false, "never": false} {
		if got := l.NoLongerRead(rec, org(feed)); got != want {
			t.Errorf("%s is no longer read: %v", feed, got)
		}
	}

	l.journal = kept{err: errors.New("away")}
	if _, err := l.Ledgers(t.Context(), rec); err == nil {
		t.Error("the journal is away, and nobody hears of it")
	}
}
