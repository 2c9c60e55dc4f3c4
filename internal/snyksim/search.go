package snyksim

import (
	"net/url"
	"strings"
)

// auditVersion is the version that answers of the audit search name.
const auditVersion = "2024-10-15"

// serveAudit answers an audit search of a group or an organization.
func (s *Sim) serveAudit(x *exchange) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	permission := OrgAuditRead
	if x.kind == KindGroupAudit {
		permission = GroupAuditRead
	}
	token, err := s.authorize(x, permission)
	if err != nil {
		return err.reply(x)
	}
	if s.freePlan(x) {
		return planError().reply(x)
	}
	log := s.mustScope(x.scopeID)
	q, err := s.parseQuery(x.query, log, x.now)
	if err != nil {
		return err.reply(x)
	}
	x.page = s.search(x, q, log)
	if s.cfg.RecordAPIAccess {
		s.add(x.scopeID, false, []Record{{
			Event: apiAccess, UserID: token.PrincipalID,
			Content: `{"url":` + quote(x.request.URL.RequestURI()) + `}`,
		}})
	}
	return nil
}

// search picks the records of one page and the cursor behind them.
func (s *Sim) search(x *exchange, q *query, log *auditLog) *page {
	size := q.size
	if x.pageCap >= 0 {
		size = min(size, x.pageCap)
	}
	var behind *place
	skip := int64(0)
	if c := q.cursor; c != nil {
		skip = c.offset
		if c.mode == KeysetCursors && !c.start {
			behind = &c.behind
		}
	}
	p := &page{param: "cursor", used: q.cursorText, items: make([]string, 0, size)}
	next := cursor{mode: s.cfg.Cursors, start: true, issued: x.now}
	p.first = next.text(log.scopeHash)
	p.again = p.used
	if p.again == "" {
		p.again = p.first
	}
	more := false
	seen := int64(0)
	log.walk(q, behind, func(e *entry) bool {
		if !q.matches(e) || !e.visible(x.now) {
			return true
		}
		seen++
		if seen <= skip {
			return true
		}
		if len(p.items) == size {
			more = true
			return false
		}
		p.items = append(p.items, e.raw)
		if e.shownAt.IsZero() {
			e.shownAt = x.now
		}
		next = cursor{mode: s.cfg.Cursors, behind: place{e.created, e.ord}, offset: seen, issued: x.now}
		return true
	})
	if len(p.items) == 0 && q.cursor != nil {
		next = *q.cursor // an empty page leads to where it stands
		next.issued = x.now
	}
	p.after, p.more = next.text(log.scopeHash), more
	p.path, p.args = x.request.URL.Path, nextArgs(x.query, q)
	return p
}

// nextArgs are the parameters that a link carries besides its cursor: those of
// the request, and the ones that the first page had by default.
func nextArgs(given url.Values, q *query) url.Values {
	args := make(url.Values, len(given)+3)
	for _, name := range []string{"to", "user_id", "project_id", "events", "exclude_events", "version"} {
		if v := given[name]; len(v) > 0 {
			args.Set(name, strings.Join(v, ","))
		}
	}
	args.Set("from", or(given.Get("from"), q.from.Format(milliLayout)))
	args.Set("size", itoa(q.size))
	args.Set("sort_order", "DESC")
	if !q.descending {
		args.Set("sort_order", "ASC")
	}
	return args
}

func (s *Sim) freePlan(x *exchange) bool {
	if g, ok := s.world.group(x.scopeID); ok {
		return g.FreePlan
	}
	o, _ := s.world.org(x.scopeID)
	return o.FreePlan
}
