package filter

import (
	"maps"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// envelopeConditions are those on what every event has.
func envelopeConditions(found *checks, path string, f *snykstreamv1.EventFilter) []condition {
	var c []condition
	if given := checkAll(found, path+".source_ids", f.GetSourceIds(), sourceID); len(given) > 0 {
		ids := compileTexts(given)
		c = append(c, func(e *asked) verdict { return verdictOf(ids.has(e.SourceID)) })
	}
	if given := checkAll(found, path+".log_types", f.GetLogTypes(), enumValue); len(given) > 0 {
		types := compileEnums(given)
		c = append(c, func(e *asked) verdict { return verdictOf(types.has(e.LogType)) })
	}
	if given := checkAll(found, path+".origins", f.GetOrigins(), enumValue); len(given) > 0 {
		origins := compileEnums(given)
		c = append(c, func(e *asked) verdict { return verdictOf(origins.has(e.Origin)) })
	}
	return c
}

// timeConditions are the bounds of event_time.
func timeConditions(found *checks, path string, f *snykstreamv1.EventFilter) []condition {
	from, to := f.GetEventTimeFrom(), f.GetEventTimeTo()
	ok := checkTime(found, path+".event_time_from", from)
	ok = checkTime(found, path+".event_time_to", to) && ok
	if ok && from != nil && to != nil && !from.AsTime().Before(to.AsTime()) {
		found.malformed(path+".event_time_to", "must be after event_time_from")
	}
	var c []condition
	if from != nil {
		start := from.AsTime()
		c = append(c, onTime(func(at time.Time) bool { return !at.Before(start) }))
	}
	if to != nil {
		end := to.AsTime()
		c = append(c, onTime(func(at time.Time) bool { return at.Before(end) }))
	}
	return c
}

func checkTime(found *checks, path string, t *timestamppb.Timestamp) bool {
	if t != nil && !t.IsValid() {
		found.malformed(path, "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z")
		return false
	}
	return true
}

// recordConditions are those on the record. A record's category follows from its
// name, so an event without a record has none.
func recordConditions(found *checks, path string, f *snykstreamv1.EventFilter) []condition {
	var c []condition
	if given := checkAll(found, path+".categories", f.GetCategories(), enumValue); len(given) > 0 {
		categories := compileEnums(given)
		c = append(c, onRecord(func(e *asked) bool { return categories.has(e.Category) }))
	}
	if given := checkAll(found, path+".event_names", f.GetEventNames(), eventName); len(given) > 0 {
		if found.roomForPatterns(path+".event_names", f.GetEventNames()) {
			names := compileNames(given)
			c = append(c, onRecord(func(e *asked) bool { return names.has(e.Name) }))
		}
	}
	c = append(c, onID(found, path+".user_ids", f.GetUserIds(), func(e *asked) []byte { return e.UserID })...)
	c = append(c, onID(found, path+".organization_ids", f.GetOrganizationIds(), func(e *asked) []byte { return e.OrgID })...)
	return append(c, onID(found, path+".project_ids", f.GetProjectIds(), func(e *asked) []byte { return e.ProjectID })...)
}

// onID is the condition that one of the record's ids is among those given. The
// case of letters does not count, as it does not in a UUID.
func onID(found *checks, path string, given []string, of func(*asked) []byte) []condition {
	if len(checkAll(found, path, given, anyID)) == 0 {
		return nil
	}
	ids := compileTexts(setOf(lowerCase(given)))
	return []condition{onRecord(func(e *asked) bool { return ids.has(e.lowerCase(of(e))) })}
}

// labelConditions ask the source's labels anew for every event.
func labelConditions(found *checks, path string, f *snykstreamv1.EventFilter, labels Labels) []condition {
	wanted := maps.Clone(f.GetSourceLabels())
	checkLabels(found, path+".source_labels", wanted)
	if len(wanted) == 0 {
		return nil
	}
	return []condition{func(e *asked) verdict {
		has := labels(e.source())
		for key, value := range wanted {
			if got, ok := has[key]; !ok || got != value {
				return fails
			}
		}
		return fits
	}}
}

func onTime(test func(time.Time) bool) condition {
	return func(e *asked) verdict {
		if !e.EventTime.Set {
			return unknown
		}
		return verdictOf(test(e.EventTime.Time()))
	}
}

func onRecord(test func(*asked) bool) condition {
	return func(e *asked) verdict {
		if !e.Readable {
			return unknown
		}
		return verdictOf(test(e))
	}
}
