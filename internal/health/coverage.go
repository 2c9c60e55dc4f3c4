package health

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Coverage is the time proven read that reaches the frontier, in every lane that
// is read. Empty before the first answer.
func Coverage(report audit.FeedReport) audit.Interval {
	var out audit.Interval
	for i, kind := range lanes(report) {
		lane := report.State.Ledger(kind)
		reach := lane.Covered.Ending(lane.Frontier)
		if i == 0 {
			out = reach
		}
		out = out.And(reach)
	}
	return out
}

// BackfillDone says that history is read back to where it was asked for.
func BackfillDone(report audit.FeedReport) bool {
	for _, kind := range lanes(report) {
		if report.State.Ledger(kind).Frontier.IsZero() || len(report.State.Holes(kind)) > 0 {
			return false
		}
	}
	return true
}

func lanes(report audit.FeedReport) []audit.LaneKind {
	if len(report.Lanes) == 0 {
		return []audit.LaneKind{audit.LaneDefault}
	}
	return report.Lanes
}

// dropOff says whether logs stopped coming: now minus the newest event time
// against the threshold. Before the coverage spans the threshold, silence proves
// nothing.
func dropOff(rec audit.SourceRecord, reports []audit.FeedReport, newest, now time.Time) snykstreamv1.AlarmState {
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
	for _, report := range reports {
		if covered := Coverage(report); covered.Empty() || covered.Start.After(since) {
			return snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA
		}
	}
	if len(reports) == 0 {
		return snykstreamv1.AlarmState_ALARM_STATE_INSUFFICIENT_DATA
	}
	return snykstreamv1.AlarmState_ALARM_STATE_ALARM
}
