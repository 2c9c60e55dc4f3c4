package snyk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/snykstream/snykstream/internal/audit"
)

// Bounds of a group's list of organizations.
const (
	// listLimit is the most that Snyk gives on one page.
	listLimit        = 100
	maxOrganizations = 20_000
	// maxListPages leaves room for pages that are not full.
	maxListPages = 1000
	uuidBytes    = 36
)

// Organizations are all organizations of a group that the credential may see, in
// Snyk's order, with their ids in lower case. It is the whole list or an error:
// what is not in it counts as no longer there.
func (c *Client) Organizations(ctx context.Context, groupID string) ([]audit.Organization, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	path := root + "/groups/" + url.PathEscape(groupID) + "/orgs"
	list := orgList{groupID: strings.ToLower(groupID), known: make(map[string]bool), asked: make(map[string]bool)}
	at := c.address(path, url.Values{"version": {organizationVersion}, "limit": {strconv.Itoa(listLimit)}})
	for {
		list.asked[at.RequestURI()] = true
		res, hide, err := c.get(ctx, at, maxDirectoryBytes, live)
		if err != nil {
			return nil, err
		}
		next, bad := list.add(res.body)
		if bad == nil && next != "" {
			at, bad = list.follow(c.base, path, next)
		}
		if bad != nil {
			return nil, res.trouble(bad.class, hide.line(bad.text, maxDetail))
		}
		if next == "" {
			return list.orgs, nil
		}
	}
}

// orgList is a list of organizations on the way.
type orgList struct {
	groupID string
	orgs    []audit.Organization
	// known are the ids in orgs, asked the addresses of the pages.
	known, asked map[string]bool
}

func noList(format string, args ...any) *badBody {
	return &badBody{audit.SnykBadAnswer, "the answer is no list of organizations: " + fmt.Sprintf(format, args...)}
}

// add reads a page. A list may change while it is read, and show an organization
// on two pages: that is one.
func (l *orgList) add(body []byte) (next string, bad *badBody) {
	doc, bad := decodeObject(body)
	if bad != nil {
		return "", bad
	}
	if problems := apiProblems(doc["errors"]); len(problems) > 0 {
		return "", noList("it holds an error, %s", problems[0])
	}
	var page []map[string]json.RawMessage
	if err := json.Unmarshal(orNull(doc["data"]), &page); err != nil || page == nil {
		return "", noList("its data is no list of objects")
	}
	for i, element := range page {
		org, bad := l.read(element)
		switch {
		case bad != "":
			return "", noList("element %d %s", i+1, bad)
		case l.known[org.ID]:
		case len(l.orgs) == maxOrganizations:
			return "", &badBody{audit.SnykBadAnswer, fmt.Sprintf("the group has more than %d organizations", maxOrganizations)}
		default:
			l.known[org.ID] = true
			l.orgs = append(l.orgs, org)
		}
	}
	return decodeNext(doc["links"]), nil
}

// read reads an organization, or says why it cannot. Its names may be missing;
// its id may not, and a group that is named must be the one asked for.
func (l *orgList) read(element map[string]json.RawMessage) (org audit.Organization, bad string) {
	id := strings.ToLower(stringOf(element["id"]))
	if len(id) != uuidBytes || uuid.Validate(id) != nil {
		return audit.Organization{}, "has no UUID for its id"
	}
	found := newResource(element)
	if group := strings.ToLower(found.text("group_id")); group != "" && group != l.groupID {
		return audit.Organization{}, "is an organization of another group"
	}
	return audit.Organization{ID: id, Name: found.text("name"), Slug: found.text("slug"), GroupID: l.groupID}, ""
}

// follow is the address of the next page.
func (l *orgList) follow(base *url.URL, path, next string) (*url.URL, *badBody) {
	to, wrong := follow(base, path, next)
	switch {
	case wrong != nil:
		return nil, &badBody{wrong.class, "a link to the next page " + wrong.text + " and was not followed"}
	case l.asked[to.RequestURI()]:
		return nil, &badBody{audit.SnykBadAnswer, "a link to the next page leads back to one already read"}
	case len(l.asked) == maxListPages:
		return nil, &badBody{audit.SnykBadAnswer, fmt.Sprintf("the list has more than %d pages", maxListPages)}
	}
	return to, nil
}
