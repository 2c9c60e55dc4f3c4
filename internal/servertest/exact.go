package servertest

import (
	"fmt"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// Records are what a source should deliver, by feed.
type Records map[string][]snyksim.Emitted

// OrgFeed is the name of an organization's feed.
func OrgFeed(id string) string { return "org/" + id }

// GroupFeed is the name of a group's feed.
func GroupFeed(id string) string { return "group/" + id }

// shown is how often each record of each feed is to be read: once for each time
// that it is there. Access records come only where they are asked for.
func (w Records) shown() (times map[record]int, total int) {
	times = map[record]int{}
	for feed, records := range w {
		for _, e := range records {
			if e.Event != "api.access" {
				times[record{feed, e.Raw}]++
				total++
			}
		}
	}
	return times, total
}

// record is a record of a feed, byte for byte.
type record struct{ feed, raw string }

// UntilAll reads on until so many events are there as there are records.
func (r *Reader) UntilAll(want func() Records) {
	r.house.T.Helper()
	r.Until(func(r *Reader) bool {
		_, total := want().shown()
		return Has(total)(r)
	})
}

// Exact fails unless what was read is every record of the house's organization
// that Snyk ever showed, once and byte for byte, with dense sequences.
func (r *Reader) Exact(want []snyksim.Emitted) {
	r.house.T.Helper()
	r.ExactFeeds(Records{OrgFeed(r.house.Org.ID): want})
}

// ExactFeeds fails unless what was read is exactly these records, each once and
// byte for byte on its feed, with dense sequences in each feed and no id twice.
func (r *Reader) ExactFeeds(want Records) {
	t := r.house.T
	t.Helper()
	shown, _ := want.shown()
	read, last, ids := map[record]int{}, map[string]uint64{}, map[string]bool{}
	for _, event := range r.Events {
		read[record{event.GetFeed(), raw(event)}]++
		last[event.GetFeed()]++
		if event.GetSequence() != last[event.GetFeed()] {
			t.Fatalf("event %d of %s has sequence %d", last[event.GetFeed()], event.GetFeed(), event.GetSequence())
		}
		if ids[event.GetId()] {
			t.Errorf("id %s came twice", event.GetId())
		}
		ids[event.GetId()] = true
		if err := rightType(event); err != nil {
			t.Error(err)
		}
	}
	for record, n := range shown {
		if read[record] != n {
			t.Errorf("%s: read %d times, shown %d times: %.200s", record.feed, read[record], n, record.raw)
		}
	}
	for record, n := range read {
		if shown[record] == 0 {
			t.Errorf("%s: read %d times, never shown there: %.200s", record.feed, n, record.raw)
		}
	}
}

func raw(event *snykstreamv1.Event) string {
	if bytes := event.GetRawBytes(); len(bytes) > 0 {
		return string(bytes)
	}
	return event.GetRawJson()
}

// rightType fails where an event's log type or record is not that of its feed.
func rightType(event *snykstreamv1.Event) error {
	want := snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT
	wrong := event.GetGroupAudit() != nil
	if strings.HasPrefix(event.GetFeed(), "group/") {
		want = snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT
		wrong = event.GetOrgAudit() != nil
	}
	if wrong || event.GetLogType() != want {
		return fmt.Errorf("event %s of %s has log type %v and record %T", event.GetId(), event.GetFeed(), event.GetLogType(), event.GetRecord())
	}
	return nil
}
