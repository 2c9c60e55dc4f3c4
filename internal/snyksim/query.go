package snyksim

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// apiAccess is the event that answers leave out unless it is asked for by name.
const apiAccess = "api.access"

// query is an audit search, parsed. Parameters that are not known, such as the
// singular event, are ignored without a word, as Snyk does.
type query struct {
	from, to          time.Time
	size              int
	descending        bool
	userID, projectID string
	events, exclude   []string
	cursor            *cursor
	cursorText        string
}

var (
	uuidForm    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(~(wip|experimental|beta|ga))?$`)
)

// single are the parameters that may be given once only: a client that adds
// them to a link that already has them is refused.
var single = []string{"cursor", "from", "to", "size", "sort_order", "user_id", "project_id", "version"}

// parseQuery reads the parameters of an audit search on the log with this hash.
func (s *Sim) parseQuery(v url.Values, log *auditLog, now time.Time) (*query, *apiError) {
	for _, name := range single {
		if len(v[name]) > 1 {
			return nil, badParameter(name, name+" must be given once")
		}
	}
	q := &query{size: s.cfg.MaxPageSize, descending: true, to: now}
	y, m, d := now.AddDate(0, 0, -1).Date()
	q.from = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	for _, parse := range []func(url.Values, *query) *apiError{
		parseTimes, s.parseSize, parseOrder, parseIDs, parseEvents,
	} {
		if err := parse(v, q); err != nil {
			return nil, err
		}
	}
	if v.Has("cursor") {
		return q, s.parseCursor(v.Get("cursor"), q, log, now)
	}
	return q, nil
}

func parseTimes(v url.Values, q *query) *apiError {
	for _, p := range []struct {
		name string
		into *time.Time
	}{{"from", &q.from}, {"to", &q.to}} {
		if !v.Has(p.name) {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, v.Get(p.name))
		if err != nil {
			return badParameter(p.name, p.name+" must match format \"date-time\"")
		}
		*p.into = t.UTC()
	}
	return nil
}

func (s *Sim) parseSize(v url.Values, q *query) *apiError {
	if !v.Has("size") {
		return nil
	}
	n, err := strconv.Atoi(v.Get("size"))
	if err != nil || n < 1 || n > s.cfg.MaxPageSize {
		return badParameter("size", fmt.Sprintf("size must be an integer from 1 to %d", s.cfg.MaxPageSize))
	}
	q.size = n
	return nil
}

func parseOrder(v url.Values, q *query) *apiError {
	switch v.Get("sort_order") {
	case "ASC":
		q.descending = false
	case "DESC":
	case "":
		if v.Has("sort_order") {
			return badParameter("sort_order", "sort_order must be one of ASC, DESC")
		}
	default:
		return badParameter("sort_order", "sort_order must be one of ASC, DESC")
	}
	return nil
}

func parseIDs(v url.Values, q *query) *apiError {
	for _, p := range []struct {
		name string
		into *string
	}{{"user_id", &q.userID}, {"project_id", &q.projectID}} {
		if !v.Has(p.name) {
			continue
		}
		if !uuidForm.MatchString(v.Get(p.name)) {
			return badParameter(p.name, p.name+" must match format \"uuid\"")
		}
		*p.into = strings.ToLower(v.Get(p.name))
	}
	return nil
}

func parseEvents(v url.Values, q *query) *apiError {
	q.events, q.exclude = list(v["events"]), list(v["exclude_events"])
	if len(q.events) > 0 && len(q.exclude) > 0 {
		return badParameter("exclude_events", "events and exclude_events cannot be used together")
	}
	return nil
}

// list reads a comma-joined list.
func list(values []string) []string {
	var out []string
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

func (s *Sim) parseCursor(text string, q *query, log *auditLog, now time.Time) *apiError {
	c, ok := parseCursor(text, log.scopeHash)
	if !ok {
		return badParameter("cursor", "cursor is invalid")
	}
	if life := s.cfg.CursorLifetime; life > 0 && now.Sub(c.issued) > life {
		return badParameter("cursor", "cursor has expired")
	}
	q.cursor, q.cursorText = &c, text
	return nil
}

// matches says whether a record passes the filters of the search.
func (q *query) matches(e *entry) bool {
	if len(q.events) > 0 {
		if !slices.Contains(q.events, e.rec.Event) {
			return false
		}
	} else if e.rec.Event == apiAccess || slices.Contains(q.exclude, e.rec.Event) {
		return false
	}
	if q.userID != "" && !strings.EqualFold(q.userID, e.rec.UserID) {
		return false
	}
	return q.projectID == "" || strings.EqualFold(q.projectID, e.rec.ProjectID)
}
