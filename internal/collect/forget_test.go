package collect

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// endless is a Snyk with a record for every second.
type endless struct{ Snyk }

func (endless) Search(_ context.Context, q audit.Search) (audit.Answer, error) {
	answer := audit.Answer{}
	for at := q.From; at.Before(q.To); at = at.Add(time.Second) {
		if len(answer.Items) == fullPage {
			answer.Next = "more"
			break
		}
		answer.Items = append(answer.Items, fmt.Appendf(nil, `{"created":"%s","event":"org.edit"}`, at.Format(time.RFC3339)))
	}
	return answer, nil
}

// blank is a journal that has nothing and takes everything.
type blank struct{ Journal }

func (blank) Append(_ context.Context, fence uint64, _ audit.Page) (uint64, error) {
	return fence + 1, nil
}

func (blank) Checkpoint(context.Context, string, audit.Feed, audit.FeedState, uint64) error {
	return nil
}

// TestHistoryForgetsWhatItPassed: however fast history is read, what is known of
// stored events stays within bounds.
func TestHistoryForgetsWhatItPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		f := &feed{
			source: audit.SourceRecord{Source: &snykstreamv1.Source{Id: "main"}}, id: knownOrg, snyk: endless{},
			book: &book{journal: blank{}, sourceID: "main"}, family: newFamily(), log: slog.New(slog.DiscardHandler),
			known: newKnown(knownOrg), saved: now, rewrites: rewrites{},
			tails: map[audit.LaneKind]*pass{}, background: map[audit.LaneKind]*pass{},
			scan: func(context.Context, time.Time, func(audit.StoredEvent) error) error { return nil },
		}
		f.state.Lane(audit.LaneDefault).Frontier = now
		f.known.most = 8 * fullPage
		p := newPass(history, audit.LaneDefault, audit.Interval{Start: now.Add(-10 * time.Hour), End: now.Add(-time.Hour)})
		f.background[audit.LaneDefault] = p
		f.book.remember(f.known)
		for done := false; !done; {
			var err error
			if done, err = f.step(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if f.known.count > f.known.most {
				t.Fatalf("%d events in memory at %v", f.known.count, p.at)
			}
		}
		if f.state.LastSequence != 9*3600 {
			t.Errorf("%d events", f.state.LastSequence)
		}
	})
}
