package snyk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	auditType = "audit_log_search"
	// maxItems bounds the records of an answer, of which 100 are asked for.
	maxItems = 10_000
)

// badBody says why a body is not what was asked for.
type badBody struct {
	class audit.SnykClass
	text  string
}

func notAudit(text string) *badBody {
	return &badBody{audit.SnykBadAnswer, "the answer is no audit log: " + text}
}

// decodeAnswer reads the records and the link of an audit answer. Records are the
// bytes as they lie in the body, whatever kind of JSON value they are. What does
// not look like an audit answer is refused: an error, a page, an empty object.
func decodeAnswer(body []byte) (items [][]byte, next string, bad *badBody) {
	doc, bad := decodeObject(body)
	if bad != nil {
		return nil, "", bad
	}
	if problems := apiProblems(doc["errors"]); len(problems) > 0 {
		return nil, "", notAudit("it holds an error, " + problems[0].String())
	}
	data := objectOf(doc["data"])
	if data == nil {
		return nil, "", notAudit("its data is no object")
	}
	// An empty result may leave its items out. Then the type alone tells it from
	// any other object.
	if raw := orNull(data["items"]); !isNull(raw) {
		if items, bad = decodeItems(raw); bad != nil {
			return nil, "", bad
		}
	} else if stringOf(data["type"]) != auditType {
		return nil, "", notAudit("its data has no items")
	}
	return items, decodeNext(doc["links"]), nil
}

// decodeObject reads the members of the object that a body must be. A body that
// ends early was cut on its way, and is worth asking for again.
func decodeObject(body []byte) (map[string]json.RawMessage, *badBody) {
	if audit.ValidJSON(body) {
		if doc := objectOf(body); doc != nil {
			return doc, nil
		}
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	var doc map[string]json.RawMessage
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &badBody{audit.SnykUnavailable, "the answer was cut"}
	case err == nil && doc == nil:
		return nil, &badBody{audit.SnykBadAnswer, "the answer is null"}
	case err == nil:
		return nil, &badBody{audit.SnykBadAnswer, "the answer goes on after its end"}
	}
	// The error's text would show bytes of the body.
	return nil, &badBody{audit.SnykBadAnswer, "the answer is no JSON object"}
}

// objectOf are the members of an object, the last one of each name; nil where the
// valid JSON is none.
func objectOf(raw json.RawMessage) map[string]json.RawMessage {
	if raw = skipSpace(raw); len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	return maps.Collect(members(raw))
}

func decodeItems(raw json.RawMessage) ([][]byte, *badBody) {
	if raw[0] != '[' {
		return nil, notAudit("its items are no list")
	}
	items := make([][]byte, 0, pageSize)
	for item := range elements(raw) {
		if len(items) == maxItems {
			return nil, notAudit(fmt.Sprintf("it has more than %d records", maxItems))
		}
		items = append(items, item)
	}
	return items, nil
}

// decodeNext is the link to the next page, in any of its forms; empty where there
// is none. A form that is not known is given as it is: there is more to read, and
// whoever follows it learns that it cannot be followed.
func decodeNext(links json.RawMessage) string {
	var members map[string]json.RawMessage
	if links = orNull(links); json.Unmarshal(links, &members) != nil {
		return string(links)
	}
	next := orNull(members["next"])
	if isNull(next) {
		return ""
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(next, &object) == nil && object["href"] != nil {
		next = object["href"]
	}
	var link string
	if json.Unmarshal(next, &link) != nil {
		return string(next)
	}
	return link
}

var null = json.RawMessage("null")

// orNull stands for a member that is not there.
func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return null
	}
	return raw
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, null) }
