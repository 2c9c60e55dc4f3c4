package snyk

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	auditVersion = "2024-10-15"
	// pageSize is the most that Snyk gives in one answer.
	pageSize      = 100
	apiAccessName = "api.access"
)

// Search asks for the first page of a window of a feed's audit log.
func (c *Client) Search(ctx context.Context, q audit.Search) (audit.Answer, error) {
	if !q.From.Before(q.To) {
		return audit.Answer{}, &audit.SnykError{Class: audit.SnykBadRequest, Detail: "the window of time holds no instant"}
	}
	return c.search(ctx, q, pageSize)
}

// Follow asks for the page that a link of the window's answers leads to. A link
// that leaves the region's origin is a SnykForeignLink: nothing is sent.
func (c *Client) Follow(ctx context.Context, q audit.Search, next string) (audit.Answer, error) {
	if err := c.ready(); err != nil {
		return audit.Answer{}, err
	}
	to, bad := follow(c.base, searchPath(q.Feed), next)
	if bad != nil {
		return audit.Answer{}, &audit.SnykError{
			Class:  bad.class,
			Detail: c.secrets().line("a link to the next page "+bad.text+" and was not followed", maxDetail),
		}
	}
	return c.page(ctx, to, priorityOf(q))
}

func (c *Client) search(ctx context.Context, q audit.Search, size int) (audit.Answer, error) {
	if err := c.ready(); err != nil {
		return audit.Answer{}, err
	}
	values := url.Values{
		"version":    {auditVersion},
		"from":       {timestamp(q.From)},
		"to":         {timestamp(q.To)},
		"size":       {strconv.Itoa(size)},
		"sort_order": {"ASC"},
	}
	if q.Lane == audit.LaneAPIAccess {
		values.Set("events", apiAccessName)
	}
	return c.page(ctx, c.address(searchPath(q.Feed), values), priorityOf(q))
}

// page asks for one page of an audit log.
func (c *Client) page(ctx context.Context, at *url.URL, turn priority) (audit.Answer, error) {
	res, hide, err := c.get(ctx, at, maxPageBytes, turn)
	if err != nil {
		return audit.Answer{}, err
	}
	items, next, bad := decodeAnswer(res.body)
	if bad != nil {
		return audit.Answer{}, res.trouble(bad.class, hide.line(bad.text, maxDetail))
	}
	return audit.Answer{Items: items, Next: next, ServerTime: res.serverTime, RequestID: res.requestID}, nil
}

// searchPath is the path of a feed's audit log, escaped.
func searchPath(feed audit.Feed) string {
	scope := "orgs"
	if feed.Scope == audit.ScopeGroup {
		scope = "groups"
	}
	return root + "/" + scope + "/" + url.PathEscape(feed.ID) + "/audit_logs/search"
}

// timestamp is an instant as Snyk writes it, with more than milliseconds only
// where it has more.
func timestamp(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()%int(time.Millisecond) == 0 {
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return t.Format("2006-01-02T15:04:05.000000000Z")
}
