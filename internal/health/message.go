package health

import (
	"fmt"
	"slices"
	"strings"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// mostNamed bounds the feeds that a sentence names.
const mostNamed = 5

// message is one sentence a person can act on.
func message(rec audit.SourceRecord, seen view, judged judgement, status *snykstreamv1.SourceStatus, now time.Time) string {
	switch judged.state {
	case snykstreamv1.SourceState_SOURCE_STATE_PAUSED:
		return "paused; set paused to false to go on where it stopped"
	case snykstreamv1.SourceState_SOURCE_STATE_PENDING:
		return "waiting for the first poll to end"
	case snykstreamv1.SourceState_SOURCE_STATE_LAGGING:
		return lagging(rec, seen, judged, now)
	case snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING:
		if pending := judged.by[snykstreamv1.SourceState_SOURCE_STATE_PENDING]; pending > 0 {
			text := fmt.Sprintf("%d of %d feeds wait for their first poll to end", pending, judged.counted)
			if judged.by[snykstreamv1.SourceState_SOURCE_STATE_BACKFILLING] > 0 {
				text += "; history is still being read"
			}
			return text
		}
		return "live events are current; history is still being read"
	case snykstreamv1.SourceState_SOURCE_STATE_HEALTHY:
		return wellMessage(status)
	default:
		return failure(seen, judged)
	}
}

// failure says what fails, with the words of one trouble that shows why the source
// is in its state, and names the other feeds that fail.
func failure(seen view, judged judgement) string {
	names, shown := failing(seen, judged)
	counted := judged.counted
	if t := seen.trouble; t != nil {
		counted--
		if shown < 0 || t.State == judged.state && judged.feeds[shown] != judged.state {
			return t.Message
		}
	}
	if shown < 0 { // not in a state that this is the message of
		return "nothing can be read"
	}
	name := seen.feeds[shown].Feed.String()
	text := name + ": " + seen.feeds[shown].Trouble.Message
	switch {
	case counted == 0:
		return fmt.Sprintf("none of the %d feeds found in the group can be read; %s", len(seen.feeds), text)
	case counted == 1, judged.failing < judged.counted && ofCredential(judged.state):
		return text
	}
	text = fmt.Sprintf("%d of %d feeds fail; %s", len(names), counted, text)
	if others := slices.DeleteFunc(names, func(other string) bool { return other == name }); len(others) > 0 {
		text += "; also " + list(others)
	}
	return text
}

// failing are the feeds that fail, and the place of the first that is in the
// source's state, or else of the first of all. Refused feeds are told only where
// nothing else is there.
func failing(seen view, judged judgement) (names []string, shown int) {
	shown = -1
	for i, e := range seen.feeds {
		if e.Trouble == nil || e.refused() && judged.counted > 0 {
			continue
		}
		names = append(names, e.Feed.String())
		if shown < 0 || judged.feeds[i] == judged.state && judged.feeds[shown] != judged.state {
			shown = i
		}
	}
	return names, shown
}

// lagging says which feeds are behind, and for how long they may be at most.
func lagging(rec audit.SourceRecord, seen view, judged judgement, now time.Time) string {
	var names []string
	allowed, waits := lagAllowed(rec.PollInterval()), true
	for i, e := range seen.feeds {
		if judged.feeds[i] == snykstreamv1.SourceState_SOURCE_STATE_LAGGING {
			names = append(names, e.Feed.String())
			allowed = max(allowed, lagAllowed(interval(rec, e)))
			waits = waits && !e.overdue(rec, now)
		}
	}
	text := fmt.Sprintf("no poll was completed within %s; Snyk or the machine may be slow", allowed)
	if waits {
		text = "polls succeed, but the group's log waits for organizations that cannot be read, up to two hours"
	}
	if judged.counted > 1 {
		text = fmt.Sprintf("%d of %d feeds are behind (%s): ", len(names), judged.counted, list(names)) + text
	}
	return text
}

// wellMessage is what to know of a source that polls well.
func wellMessage(status *snykstreamv1.SourceStatus) string {
	if status.GetDropOff() == snykstreamv1.AlarmState_ALARM_STATE_ALARM {
		return "polls succeed, but no event has come for longer than the drop-off threshold"
	}
	switch warnings := status.GetWarnings(); len(warnings) {
	case 0:
		return "current"
	case 1:
		return "current, with a warning: " + warnings[0]
	default:
		return fmt.Sprintf("current, with %d warnings: %s", len(warnings), strings.Join(warnings, "; "))
	}
}

// list names a few, and says how many more there are.
func list(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}
