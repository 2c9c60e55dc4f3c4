package snyk

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/snykstream/snykstream/internal/audit"
)

// Versions of the lookups.
const (
	organizationVersion = "2024-02-28"
	groupVersion        = "2023-01-30~beta"
	selfVersion         = "2024-04-22"
)

// maxName bounds the names that Snyk gives.
const maxName = 200

// Organization looks an organization up. The group is empty where the
// organization has none.
func (c *Client) Organization(ctx context.Context, id string) (audit.Organization, error) {
	org, _, err := c.organization(ctx, id)
	return org, err
}

func (c *Client) organization(ctx context.Context, id string) (audit.Organization, *response, error) {
	found, res, err := c.lookup(ctx, root+"/orgs/"+url.PathEscape(id), organizationVersion)
	if err != nil {
		return audit.Organization{}, nil, err
	}
	if !strings.EqualFold(found.id, id) {
		return audit.Organization{}, nil, res.trouble(audit.SnykBadAnswer, "the answer is about another organization")
	}
	return audit.Organization{
		ID: found.id, Name: found.text("name"), Slug: found.text("slug"), GroupID: found.text("group_id"),
	}, res, nil
}

// group looks a group up and gives its name.
func (c *Client) group(ctx context.Context, id string) (name string, res *response, err error) {
	found, res, err := c.lookup(ctx, root+"/groups/"+url.PathEscape(id), groupVersion)
	if err != nil {
		return "", nil, err
	}
	if !strings.EqualFold(found.id, id) {
		return "", nil, res.trouble(audit.SnykBadAnswer, "the answer is about another group")
	}
	return cmp.Or(found.text("name"), id), res, nil
}

// Self is who a credential belongs to.
type Self struct {
	ID string
	// Type is user, service_account or app_instance.
	Type                  string
	Name, Username, Email string
	// DefaultOrganization is the organization that Snyk takes where none is named.
	DefaultOrganization string
}

// Principal is the first of name, username and e-mail address that there is.
func (s Self) Principal() string { return cmp.Or(s.Name, s.Username, s.Email, s.ID) }

// Self looks up who the credential belongs to.
func (c *Client) Self(ctx context.Context) (Self, error) {
	self, _, err := c.self(ctx)
	return self, err
}

func (c *Client) self(ctx context.Context) (Self, *response, error) {
	found, res, err := c.lookup(ctx, root+"/self", selfVersion)
	if err != nil {
		return Self{}, nil, err
	}
	return Self{
		ID: found.id, Type: found.kind, Name: found.text("name"), Username: found.text("username"),
		Email: found.text("email"), DefaultOrganization: found.text("default_org_context"),
	}, res, nil
}

// resource is a single thing of JSON:API.
type resource struct {
	id, kind   string
	attributes map[string]json.RawMessage
}

// newResource reads a resource's members; those that it lacks are empty.
func newResource(members map[string]json.RawMessage) resource {
	var attributes map[string]json.RawMessage
	_ = json.Unmarshal(orNull(members["attributes"]), &attributes) // nil where it is no object
	return resource{
		id:   scrubber(nil).line(stringOf(members["id"]), maxName),
		kind: scrubber(nil).line(stringOf(members["type"]), maxName), attributes: attributes,
	}
}

// text is an attribute, empty where it is no text.
func (r resource) text(name string) string {
	return scrubber(nil).line(stringOf(r.attributes[name]), maxName)
}

// lookup asks for a single thing.
func (c *Client) lookup(ctx context.Context, path, version string) (resource, *response, error) {
	if err := c.ready(); err != nil {
		return resource{}, nil, err
	}
	res, _, err := c.get(ctx, c.address(path, url.Values{"version": {version}}), maxDirectoryBytes, live)
	if err != nil {
		return resource{}, nil, err
	}
	doc, bad := decodeObject(res.body)
	if bad != nil {
		return resource{}, nil, res.trouble(bad.class, bad.text)
	}
	var data map[string]json.RawMessage
	_ = json.Unmarshal(orNull(doc["data"]), &data) // nil where it is no object
	found := newResource(data)
	if found.id == "" {
		return resource{}, nil, res.trouble(audit.SnykBadAnswer, "the answer names nothing")
	}
	return found, res, nil
}
