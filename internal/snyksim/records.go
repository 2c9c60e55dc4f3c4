package snyksim

import (
	"strings"
	"time"
)

// RecordID is a handle for a record; Snyk's own records have no id.
type RecordID uint64

// GroupView says how a record of an organization shows in the log of its group.
type GroupView int

// Snyk's group log holds "some" of the organizations' records, often without org_id.
const (
	NotInGroup GroupView = iota
	InGroupWithOrg
	InGroupWithoutOrg
)

// Record is one audit record.
type Record struct {
	// Created is the record's time, cut to the millisecond; zero means now.
	Created time.Time
	// CreatedText is shown instead of Created where set; the order follows Created.
	CreatedText string
	// WholeSeconds shows Created without milliseconds and cuts it to the second.
	WholeSeconds bool
	// Event is the event's name.
	Event string
	// OrgID, GroupID, ProjectID and UserID are absent where empty; Append fills
	// in the id of the log itself unless Bare is set.
	OrgID, GroupID, ProjectID, UserID string
	// Bare leaves the log's own id out of the record.
	Bare bool
	// Content is raw JSON, absent where empty.
	Content string
	// Raw is the whole record as shown, valid JSON or not; the other fields then
	// only place it and let filters find it.
	Raw string
	// VisibleAt is when the record first shows in answers; zero means at once, or
	// at Created where that is still to come.
	VisibleAt time.Time
	// Expires is when it stops showing; zero means Created plus Config.History.
	Expires time.Time
	// Group shows an organization's record in its group's log too.
	Group GroupView
	// GroupVisibleAt is when the group's log first shows it; zero means VisibleAt.
	GroupVisibleAt time.Time
	// GroupContent is the content that the group's log shows; empty means Content.
	GroupContent string
}

// entry is a record in a log. Fields that order it never change.
type entry struct {
	id      RecordID
	created time.Time
	ord     int64 // place inside the instant
	log     *auditLog
	rec     Record
	raw     string
	former  []string
	shownAt time.Time
	removed time.Time
	twin    *entry   // the same record in the group's log
	copyOf  RecordID // the record that it is the twin of
}

const milliLayout = "2006-01-02T15:04:05.000Z"

// settle fixes what depends on the moment and on the log.
func (r Record) settle(now time.Time, history time.Duration) Record {
	if r.Created.IsZero() {
		r.Created = now
	}
	unit := time.Millisecond
	if r.WholeSeconds {
		unit = time.Second
	}
	r.Created = r.Created.UTC().Truncate(unit)
	if r.VisibleAt.IsZero() && r.Created.After(now) {
		r.VisibleAt = r.Created
	}
	if r.Expires.IsZero() {
		r.Expires = r.Created.Add(history)
	}
	return r
}

// render makes the bytes that answers show.
func (r Record) render() string {
	if r.Raw != "" {
		return r.Raw
	}
	created := r.CreatedText
	if created == "" {
		layout := milliLayout
		if r.WholeSeconds {
			layout = time.RFC3339
		}
		created = r.Created.Format(layout)
	}
	var b strings.Builder
	b.Grow(256 + len(r.Content))
	b.WriteString(`{"created":`)
	b.WriteString(quote(created))
	for _, f := range [...]struct{ name, value string }{
		{"event", r.Event},
		{"group_id", r.GroupID},
		{"org_id", r.OrgID},
		{"project_id", r.ProjectID},
		{"user_id", r.UserID},
	} {
		if f.value != "" {
			b.WriteString(`,"` + f.name + `":` + quote(f.value))
		}
	}
	if r.Content != "" {
		b.WriteString(`,"content":` + r.Content)
	}
	b.WriteByte('}')
	return b.String()
}

// shareWith takes the record's long texts from its bytes where they lie there as
// they are, so that a large log takes little more memory than its bytes.
func (r *Record) shareWith(raw string) {
	for _, text := range [...]*string{&r.Content, &r.ProjectID, &r.UserID} {
		if at := strings.Index(raw, *text); at >= 0 {
			*text = raw[at : at+len(*text)]
		}
	}
}

// visible says whether an answer made now may hold the record.
func (e *entry) visible(now time.Time) bool {
	return !e.rec.VisibleAt.After(now) && e.rec.Expires.After(now)
}
