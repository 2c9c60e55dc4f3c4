package snyksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// page is an answer that is a list, before it is rendered: faults change it here.
type page struct {
	audit     bool     // an audit search; else a list of the directory
	items     []string // as they go out
	omitItems bool     // an empty audit result without its items member
	param     string   // the parameter that holds the cursor
	used      string   // the cursor that the request came with
	again     string   // a cursor that leads to this very page
	first     string   // a cursor that leads to the first page
	after     string   // the cursor behind this page
	more      bool     // there is something behind this page
	path      string   // of the request
	args      url.Values
	form      LinkForm
	origin    string // for absolute links
	members   string // members to add at the top level, rendered
}

// LinkForm is a way to write links.next.
type LinkForm int

// The forms of links.next seen in answers, and some that must not be followed.
const (
	LinkRelative       LinkForm = iota // "/rest/orgs/..."
	LinkBare                           // "/orgs/...": relative, without /rest
	LinkAbsolute                       // "https://host/rest/orgs/..."
	LinkObject                         // {"href": "/rest/orgs/..."}
	LinkObjectAbsolute                 // {"href": "https://host/rest/orgs/..."}
	LinkNull                           // null
	LinkEmpty                          // ""
)

// next is the rendered value of links.next, empty where there is none.
func (p *page) next() string {
	if !p.more {
		return ""
	}
	args := make(url.Values, len(p.args)+1)
	maps.Copy(args, p.args)
	args.Set(p.param, p.after)
	// Commas stay readable in Snyk's links, as in any list it writes.
	link := p.path + "?" + strings.ReplaceAll(args.Encode(), "%2C", ",")
	switch p.form {
	case LinkBare:
		return quote(strings.TrimPrefix(link, "/rest"))
	case LinkAbsolute:
		return quote(p.origin + link)
	case LinkObject:
		return `{"href":` + quote(link) + `}`
	case LinkObjectAbsolute:
		return `{"href":` + quote(p.origin+link) + `}`
	case LinkNull:
		return "null"
	case LinkEmpty:
		return `""`
	default:
		return quote(link)
	}
}

// cut leaves n items of a list of the directory; its link leads to the rest.
func (p *page) cut(n int) {
	p.items, p.more = p.items[:n], true
	if n == 0 {
		p.after = p.again
		return
	}
	var last struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(p.items[n-1]), &last); err != nil {
		panic(fmt.Sprintf("snyksim: an element that is no object: %v", err))
	}
	p.after = afterText(last.ID)
}

// render is the body of the answer.
func (p *page) render() []byte {
	next := p.next()
	size := 256 + len(p.members) + len(next)
	for _, item := range p.items {
		size += len(item) + 1
	}
	b := make([]byte, 0, size)
	b = append(b, `{"jsonapi":{"version":"1.0"},"data":`...)
	if p.audit {
		b = append(b, `{"type":"audit_log_search"`...)
		if len(p.items) > 0 || !p.omitItems {
			b = append(b, `,"items":`...)
			b = p.appendItems(b)
		}
		b = append(b, '}')
	} else {
		b = p.appendItems(b)
	}
	if next != "" {
		b = append(b, `,"links":{"next":`...)
		b = append(b, next...)
		b = append(b, '}')
	}
	b = append(b, p.members...)
	return append(b, '}')
}

func (p *page) appendItems(b []byte) []byte {
	b = append(b, '[')
	for i, item := range p.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	return append(b, ']')
}

func itoa(n int) string { return strconv.Itoa(n) }
