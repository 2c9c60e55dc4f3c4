package collect

import (
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// begin is the state a feed goes on from.
func begin(state audit.FeedState, source audit.SourceRecord, now time.Time) audit.FeedState {
	state = state.Clone()
	state.IdentityVersion = audit.IdentityVersion
	retained := now.Add(-audit.SnykRetention)
	asked := retained
	if from := source.Source.GetSnyk().GetCollectFrom(); from != nil {
		asked = audit.Later(from.AsTime(), retained)
	}
	switch {
	case state.CollectFrom.IsZero():
		state.CollectFrom = asked
	case source.Source.GetSnyk().GetCollectFrom() != nil && asked.After(retained):
		state.CollectFrom = asked
	default:
		state.CollectFrom = audit.Earlier(state.CollectFrom, asked)
	}
	state.CollectFrom = state.CollectFrom.Truncate(tick)
	return state
}
