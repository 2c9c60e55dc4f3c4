package filter

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// compileFilter makes a filter's conditions, the cheap ones first.
func compileFilter(found *problems, path string, f *snykstreamv1.EventFilter, labels Labels) clause {
	checkSupported(found, path, f)
	var c clause
	c = append(c, envelopeConditions(found, path, f)...)
	c = append(c, timeConditions(found, path, f)...)
	c = append(c, recordConditions(found, path, f)...)
	return append(c, labelConditions(found, path, f, labels)...)
}

// checkSupported refuses what this release would otherwise pass over: a
// condition that is not applied widens an include and an exclude alike.
func checkSupported(found *problems, path string, f *snykstreamv1.EventFilter) {
	if f.GetExpression() != "" {
		found.unsupported(path+".expression", "is not supported in this release")
	}
	left := f.ProtoReflect().GetUnknown()
	for len(left) > 0 {
		number, _, size := protowire.ConsumeField(left)
		if size < 0 { // the decoder has read it before
			return
		}
		left = left[size:]
		if at := path + "." + strconv.Itoa(int(number)); !found.under(at) {
			found.unsupported(at, "is a field that this release does not know")
		}
	}
}

// envelopeConditions are those on what every event has.
func envelopeConditions(found *problems, path string, f *snykstreamv1.EventFilter) clause {
	var c clause
	if ids := checkAll(found, path+".source_ids", f.GetSourceIds(), sourceID); len(ids) > 0 {
		c = append(c, func(f *facts) verdict { return verdictOf(ids.has(f.sourceID)) })
	}
	if types := checkAll(found, path+".log_types", f.GetLogTypes(), enumValue); len(types) > 0 {
		c = append(c, func(f *facts) verdict { return verdictOf(types.has(f.logType)) })
	}
	if origins := checkAll(found, path+".origins", f.GetOrigins(), enumValue); len(origins) > 0 {
		c = append(c, func(f *facts) verdict { return verdictOf(origins.has(f.origin)) })
	}
	return c
}

// timeConditions are the bounds of event_time.
func timeConditions(found *problems, path string, f *snykstreamv1.EventFilter) clause {
	from, to := f.GetEventTimeFrom(), f.GetEventTimeTo()
	ok := checkTime(found, path+".event_time_from", from)
	ok = checkTime(found, path+".event_time_to", to) && ok
	if ok && from != nil && to != nil && !from.AsTime().Before(to.AsTime()) {
		found.malformed(path+".event_time_to", "must be after event_time_from")
	}
	var c clause
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

func checkTime(found *problems, path string, t *timestamppb.Timestamp) bool {
	if t != nil && !t.IsValid() {
		found.malformed(path, "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z")
		return false
	}
	return true
}

// recordConditions are those on the record. A record's category follows from its
// name, so an event without a record has none.
func recordConditions(found *problems, path string, f *snykstreamv1.EventFilter) clause {
	var c clause
	if categories := checkAll(found, path+".categories", f.GetCategories(), enumValue); len(categories) > 0 {
		c = append(c, onRecord(func(f *facts) bool { return categories.has(f.category) }))
	}
	if names := checkAll(found, path+".event_names", f.GetEventNames(), eventName); len(names) > 0 {
		set := compileNames(names)
		c = append(c, onRecord(func(f *facts) bool { return set.has(f.name) }))
	}
	c = append(c, onID(found, path+".user_ids", f.GetUserIds(), func(f *facts) string { return f.user })...)
	c = append(c, onID(found, path+".organization_ids", f.GetOrganizationIds(), func(f *facts) string { return f.org })...)
	c = append(c, onID(found, path+".project_ids", f.GetProjectIds(), func(f *facts) string { return f.project })...)
	return c
}

// onID is the condition that one of the record's ids is among those given. The
// case of letters does not count, as it does not in a UUID.
func onID(found *problems, path string, given []string, of func(*facts) string) clause {
	ids := checkAll(found, path, given, anyID)
	if len(ids) == 0 {
		return nil
	}
	lower := make(set[string], len(ids))
	for id := range ids {
		lower[strings.ToLower(id)] = struct{}{}
	}
	return clause{onRecord(func(f *facts) bool { return lower.has(strings.ToLower(of(f))) })}
}

// labelConditions ask the source's labels anew for every event.
func labelConditions(found *problems, path string, f *snykstreamv1.EventFilter, labels Labels) clause {
	wanted := maps.Clone(f.GetSourceLabels())
	checkLabels(found, path+".source_labels", wanted)
	if len(wanted) == 0 {
		return nil
	}
	return clause{func(f *facts) verdict {
		has := labels(f.sourceID)
		for key, value := range wanted {
			if got, ok := has[key]; !ok || got != value {
				return fails
			}
		}
		return fits
	}}
}

func onTime(test func(time.Time) bool) condition {
	return func(f *facts) verdict {
		if !f.timed {
			return unknown
		}
		return verdictOf(test(f.eventTime))
	}
}

func onRecord(test func(*facts) bool) condition {
	return func(f *facts) verdict {
		if !f.readable {
			return unknown
		}
		return verdictOf(test(f))
	}
}
