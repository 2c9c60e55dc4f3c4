package health

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// dropOff says whether logs stopped coming: now minus the newest event time
// against the threshold. Before the coverage of every feed spans the threshold,
// silence proves nothing; a feed that may not be read proves nothing ever, and is
// not waited for.
func dropOff(rec audit.SourceRecord, seen view, newest, now time.Time) snykstreamv1.AlarmState {
	alarm, threshold := rec.Source.GetDropOffAlarm(), audit.DefaultDropOffAlarm
	if alarm.GetDisabled() {
		return snykstreamv1.AlarmState_ALARM_STATE_DISABLED
	}
	if alarm.GetThreshold() != nil {
		threshold = alarm.GetThreshold().AsDuration()
	}
	since := now.Add(-threshold)
	if newest.After(since) {
		return snykstreamv1.AlarmState_ALARM_STATE_OK
	}
	spanned := false
	for _, e := range seen.feeds {
		if e.refused() {
			continue
		}
		if covered := Coverage(e.FeedReport); covered.Empty() || covered.Start.After(since) {
			return snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA
		}
		spanned = true
	}
	if !spanned {
		return snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA
	}
	return snykstreamv1.AlarmState_ALARM_STATE_ALARM
}
